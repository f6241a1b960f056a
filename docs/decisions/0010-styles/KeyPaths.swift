import AgentExchange
import Agents

/// The style that was chosen: an interface is a structure of actions; the agent binds a function to each key path.
enum KeyPaths {}

// MARK: What both sides know

extension KeyPaths {
    struct Counter: AgentInterface {
        let count = Action<Int>("count")
    }

    struct Bank: AgentInterface {
        let transfer = Action<Receipt, Int, String>("transfer")
        let balance = Action<Int>("balance")

        static let errors: [any CodableError.Type] = [BankError.self]
    }

    struct Text: AgentInterface {
        let change = Action<String, String>("change")
    }
}

// MARK: The agents

extension KeyPaths {
    actor MyCounter: Agent {
        static let actions = Actions<MyCounter, Counter> {
            $0.on(\.count) { await $0.count }
            $0.loop("count") { counter, _ in
                while true {
                    await counter.increment()
                    try await Task.sleep(for: .milliseconds(10))
                }
            }
        }

        private var count = 0

        private func increment() { count += 1 }
    }

    actor MyBank: Agent {
        static let actions = Actions<MyBank, Bank> {
            $0.on(\.transfer) { try await $0.transfer($1, to: $2) }
            $0.on(\.balance) { await $0.money }
        }

        private var money = 100

        private func transfer(_ amount: Int, to name: String) throws -> Receipt {
            guard amount <= money else { throw BankError.insufficientFunds(missing: amount - money) }
            money -= amount
            return Receipt(amount: amount, to: name)
        }
    }

    struct Lowerer: Agent {
        static let actions = Actions<Lowerer, Text> {
            $0.on(\.change) { $1.lowercased() }
        }
    }

    struct Reverser: Agent {
        static let actions = Actions<Reverser, Text> {
            $0.on(\.change) { String($1.reversed()) }
        }
    }

    struct Pipeline: Agent {
        let first: Handle<Text>
        let second: Handle<Text>

        static let actions = Actions<Pipeline, Text> {
            $0.on(\.change) { try await $0.second.change(try await $0.first.change($1)) }
        }
    }
}

// MARK: The caller

extension KeyPaths {
    static func use(counter: Handle<Counter>, bank: Handle<Bank>, pipeline: Handle<Text>) async throws -> Outcome {
        var outcome = Outcome()
        outcome.count = try await counter.count()
        outcome.receipt = try await bank.transfer(5, "ann")
        do {
            _ = try await bank.transfer(1000, "ann")
        } catch let error as BankError {
            outcome.error = error
        }
        outcome.balance = try await bank.balance()
        outcome.text = try await pipeline.change("DEADBEEF")
        return outcome
    }
}
