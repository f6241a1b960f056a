import AgentExchange

/// A style that was not chosen: every action is a type of its own, with its arguments as properties and the type of its
/// answer. The agent binds a function to each type.
enum MessageTypes {}

// MARK: What both sides know

extension MessageTypes {
    enum Counter {
        struct Count: Question {
            typealias Answer = Int
        }
    }

    enum Bank {
        struct Transfer: Question {
            typealias Answer = Receipt
            typealias Failure = BankError
            let amount: Int
            let to: String
        }

        struct Balance: Question {
            typealias Answer = Int
        }
    }

    struct Change: Question {
        typealias Answer = String
        let text: String
    }
}

// MARK: The agents

extension MessageTypes {
    actor MyCounter: Servant {
        private static let answers = Answers<MyCounter> {
            $0.on(Counter.Count.self) { counter, _ in await counter.count }
        }

        private var count = 0

        func serve(_ action: String, _ arguments: ActionArguments) async throws -> Payload {
            try await Self.answers.serve(action, arguments, self)
        }

        func loop() async throws {
            while true {
                count += 1
                try await Task.sleep(for: .milliseconds(10))
            }
        }
    }

    actor MyBank: Servant {
        private static let answers = Answers<MyBank> {
            $0.on(Bank.Transfer.self) { try await $0.transfer($1) }
            $0.on(Bank.Balance.self) { bank, _ in await bank.money }
        }

        private var money = 100

        private func transfer(_ transfer: Bank.Transfer) throws -> Receipt {
            guard transfer.amount <= money else {
                throw BankError.insufficientFunds(missing: transfer.amount - money)
            }
            money -= transfer.amount
            return Receipt(amount: transfer.amount, to: transfer.to)
        }

        func serve(_ action: String, _ arguments: ActionArguments) async throws -> Payload {
            try await Self.answers.serve(action, arguments, self)
        }
    }

    struct Lowerer: Servant {
        private static let answers = Answers<Lowerer> {
            $0.on(Change.self) { $1.text.lowercased() }
        }

        func serve(_ action: String, _ arguments: ActionArguments) async throws -> Payload {
            try await Self.answers.serve(action, arguments, self)
        }
    }

    struct Reverser: Servant {
        private static let answers = Answers<Reverser> {
            $0.on(Change.self) { String($1.text.reversed()) }
        }

        func serve(_ action: String, _ arguments: ActionArguments) async throws -> Payload {
            try await Self.answers.serve(action, arguments, self)
        }
    }

    struct Pipeline: Servant {
        let first: RemoteHandle
        let second: RemoteHandle

        private static let answers = Answers<Pipeline> {
            $0.on(Change.self) { try await $0.second.ask(Change(text: try await $0.first.ask($1))) }
        }

        func serve(_ action: String, _ arguments: ActionArguments) async throws -> Payload {
            try await Self.answers.serve(action, arguments, self)
        }
    }
}

// MARK: The caller

extension MessageTypes {
    static func use(counter: RemoteHandle, bank: RemoteHandle, pipeline: RemoteHandle) async throws -> Outcome {
        var outcome = Outcome()
        outcome.count = try await counter.ask(Counter.Count())
        outcome.receipt = try await bank.ask(Bank.Transfer(amount: 5, to: "ann"))
        do {
            _ = try await bank.ask(Bank.Transfer(amount: 1000, to: "ann"))
        } catch let error as BankError {
            outcome.error = error
        }
        outcome.balance = try await bank.ask(Bank.Balance())
        outcome.text = try await pipeline.ask(Change(text: "DEADBEEF"))
        return outcome
    }
}
