import AgentExchange

/// A style that was not chosen: an interface is a protocol, which the agent and a stub for callers implement. Without macros
/// or a generator the stub, and the way from a request to a method, are written by hand.
enum Protocols {}

// MARK: What both sides know

protocol CounterService: Sendable {
    func count() async throws -> Int
}

protocol BankService: Sendable {
    func transfer(_ amount: Int, to name: String) async throws -> Receipt
    func balance() async throws -> Int
}

protocol TextService: Sendable {
    func change(_ text: String) async throws -> String
}

extension Protocols {
    struct RemoteCounter: CounterService {
        let agent: RemoteHandle

        func count() async throws -> Int {
            try await agent.call("count", .none)
        }
    }

    struct RemoteBank: BankService {
        let agent: RemoteHandle

        func transfer(_ amount: Int, to name: String) async throws -> Receipt {
            try await agent.call("transfer", try ActionArguments(amount, name), throwing: BankError.self)
        }

        func balance() async throws -> Int {
            try await agent.call("balance", .none)
        }
    }

    struct RemoteText: TextService {
        let agent: RemoteHandle

        func change(_ text: String) async throws -> String {
            try await agent.call("change", try ActionArguments(text))
        }
    }
}

// MARK: The agents

extension Protocols {
    actor MyCounter: CounterService, Servant {
        private(set) var number = 0

        func count() -> Int { number }

        func serve(_ action: String, _ arguments: ActionArguments) async throws -> Payload {
            switch action {
            case "count": return try Payload(encoding: count())
            default: throw UnknownAction(name: action)
            }
        }

        func loop() async throws {
            while true {
                number += 1
                try await Task.sleep(for: .milliseconds(10))
            }
        }
    }

    actor MyBank: BankService, Servant {
        private var money = 100

        func transfer(_ amount: Int, to name: String) throws -> Receipt {
            guard amount <= money else { throw BankError.insufficientFunds(missing: amount - money) }
            money -= amount
            return Receipt(amount: amount, to: name)
        }

        func balance() -> Int { money }

        func serve(_ action: String, _ arguments: ActionArguments) async throws -> Payload {
            switch action {
            case "transfer":
                let (amount, name) = try arguments.decode(Int.self, String.self)
                return try Payload(encoding: try transfer(amount, to: name))
            case "balance":
                return try Payload(encoding: balance())
            default:
                throw UnknownAction(name: action)
            }
        }
    }

    struct Lowerer: TextServant {
        func change(_ text: String) -> String { text.lowercased() }
    }

    struct Reverser: TextServant {
        func change(_ text: String) -> String { String(text.reversed()) }
    }

    struct Pipeline: TextServant {
        let first: any TextService
        let second: any TextService

        func change(_ text: String) async throws -> String {
            try await second.change(try await first.change(text))
        }
    }

    protocol TextServant: TextService, Servant {}
}

extension Protocols.TextServant {
    func serve(_ action: String, _ arguments: ActionArguments) async throws -> Payload {
        switch action {
        case "change":
            let text: String = try arguments.decode(String.self)
            return try Payload(encoding: try await change(text))
        default:
            throw UnknownAction(name: action)
        }
    }
}

// MARK: The caller

extension Protocols {
    static func use(
        counter: some CounterService,
        bank: some BankService,
        pipeline: some TextService
    ) async throws -> Outcome {
        var outcome = Outcome()
        outcome.count = try await counter.count()
        outcome.receipt = try await bank.transfer(5, to: "ann")
        do {
            _ = try await bank.transfer(1000, to: "ann")
        } catch let error as BankError {
            outcome.error = error
        }
        outcome.balance = try await bank.balance()
        outcome.text = try await pipeline.change("DEADBEEF")
        return outcome
    }
}
