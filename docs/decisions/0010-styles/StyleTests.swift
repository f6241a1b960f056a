import AgentExchange
import Agents
import InProcessExchange
import Testing

/// What a caller of the three agents sees.
struct Outcome: Equatable {
    var count = 0
    var receipt: Receipt?
    var error: BankError?
    var balance = 0
    var text = ""

    /// What it should be; the counter counts by itself.
    var isRight: Bool {
        receipt == Receipt(amount: 5, to: "ann") && error == .insufficientFunds(missing: 905) && balance == 95
            && text == "feebdaed" && count > 0
    }
}

@Suite("Ways to write agents (docs/decisions/0010)")
struct StyleTests {
    @Test("Structures of actions, bound by key paths: the chosen style")
    func keyPaths() async throws {
        try await withAgents(on: InProcessExchange()) { agents in
            let counter = try await agents.launch(KeyPaths.MyCounter())
            let bank = try await agents.launch(KeyPaths.MyBank())
            let lowerer = try await agents.launch(KeyPaths.Lowerer())
            let reverser = try await agents.launch(KeyPaths.Reverser())
            let pipeline = KeyPaths.Pipeline(first: lowerer.handle, second: reverser.handle)
            let text = try await agents.launch(pipeline)
            while try await counter.count() == 0 { await Task.yield() }
            let outcome = try await KeyPaths.use(counter: counter.handle, bank: bank.handle, pipeline: text.handle)
            #expect(outcome.isRight, "\(outcome)")
        }
    }

    @Test("Protocols, with stubs by hand")
    func protocols() async throws {
        let user = try await InProcessExchange().makeUserClient()
        let outcome = try await user.withServant(Protocols.MyCounter()) { counter in
            try await user.withServant(Protocols.MyBank()) { bank in
                try await user.withServant(Protocols.Lowerer()) { lowerer in
                    try await user.withServant(Protocols.Reverser()) { reverser in
                        let pipeline = Protocols.Pipeline(
                            first: Protocols.RemoteText(agent: lowerer),
                            second: Protocols.RemoteText(agent: reverser)
                        )
                        return try await user.withServant(pipeline) { pipeline in
                            let counter = Protocols.RemoteCounter(agent: counter)
                            while try await counter.count() == 0 { await Task.yield() }
                            return try await Protocols.use(
                                counter: counter,
                                bank: Protocols.RemoteBank(agent: bank),
                                pipeline: Protocols.RemoteText(agent: pipeline)
                            )
                        }
                    }
                }
            }
        }
        #expect(outcome.isRight, "\(outcome)")
        await user.close()
    }

    @Test("A type for each message")
    func messageTypes() async throws {
        let user = try await InProcessExchange().makeUserClient()
        let outcome = try await user.withServant(MessageTypes.MyCounter()) { counter in
            try await user.withServant(MessageTypes.MyBank()) { bank in
                try await user.withServant(MessageTypes.Lowerer()) { lowerer in
                    try await user.withServant(MessageTypes.Reverser()) { reverser in
                        let pipeline = MessageTypes.Pipeline(first: lowerer, second: reverser)
                        return try await user.withServant(pipeline) { pipeline in
                            while try await counter.ask(MessageTypes.Counter.Count()) == 0 { await Task.yield() }
                            return try await MessageTypes.use(counter: counter, bank: bank, pipeline: pipeline)
                        }
                    }
                }
            }
        }
        #expect(outcome.isRight, "\(outcome)")
        await user.close()
    }
}
