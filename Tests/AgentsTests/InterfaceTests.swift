import AgentExchange
import Agents
import InProcessExchange
import Testing

@Suite("Agents are called through their interface")
struct InterfaceTests {
    @Test("A call has the types and the number of arguments of the action")
    func call() async throws {
        try await withAgents(on: InProcessExchange()) { agents in
            let bank = try await agents.launch(MyBank(), name: "bank")
            #expect(try await bank.transfer(5, "ann") == Receipt(amount: 5, to: "ann"))
            #expect(try await bank.balance() == 95)
            #expect(try await bank.balance(deadline: .seconds(5)) == 95)
            #expect(try await bank.handle.ping() > .zero)
        }
    }

    @Test("A registered error arrives as the same type, also through a refined interface")
    func typedError() async throws {
        try await withAgents(on: InProcessExchange()) { agents in
            let bank = try await agents.launch(MyBank())
            await #expect(throws: BankError.insufficientFunds(missing: 400)) { try await bank.transfer(500, "ann") }
            await #expect(throws: BankError.closed("late")) { try await bank.close("late") }
            let savings = try await agents.launch(MySavingsBank())
            await #expect(throws: BankError.insufficientFunds(missing: 400)) {
                try await savings.bank.transfer(500, "ann")
            }
        }
    }

    @Test("Any other error arrives as a remote error with type name and text")
    func untypedError() async throws {
        try await withAgents(on: InProcessExchange()) { agents in
            let bank = try await agents.launch(MyBank())
            let error = await #expect(throws: ExchangeError.self) { try await bank.close("fire") }
            #expect(error?.code == .remote)
            #expect(error?.failure?.type == "AgentsTests.Fire")
            #expect(error?.failure?.message == "Fire()")
        }
    }

    @Test("An agent with a refining interface is found and called as one of the refined interface")
    func refinement() async throws {
        try await withAgents(on: InProcessExchange()) { agents in
            let savings = try await agents.launch(MySavingsBank())
            #expect(SavingsBank.agentType.lineage == ["Agent", "AgentsTests.Bank", "AgentsTests.SavingsBank"])
            let found = try await agents.discover(Bank.self)
            #expect(found.map(\.id) == [savings.id])
            #expect(try await found[0].transfer(1, "ann").amount == 1)
            #expect(try await agents.discover(Bank.self, allowSubtypes: false).isEmpty)
            #expect(try await agents.discover(SavingsBank.self).count == 1)
            let base = try #require(savings.handle.as(Bank.self))
            #expect(try await base.balance() == 99)
            #expect(try await savings.bank.balance() == 99)
            #expect(try await savings.addInterest(10) == 9)
            #expect(base.as(SavingsBank.self) == nil)
        }
    }

    @Test("Agents call each other through handles that they were given, in their own name")
    func pipeline() async throws {
        try await withAgents(on: InProcessExchange()) { agents in
            let lowerer = try await agents.launch(Lowerer())
            let reverser = try await agents.launch(Reverser())
            let pipeline = try await agents.launch(Pipeline(first: lowerer.handle, second: reverser.handle))
            #expect(try await pipeline.change("DEADBEEF") == "feebdaed")
        }
    }

    @Test("A streamed result arrives in order")
    func stream() async throws {
        try await withAgents(on: InProcessExchange()) { agents in
            let bank = try await agents.launch(MyBank())
            for amount in 1...3 { _ = try await bank.transfer(amount, "ann") }
            var amounts: [Int] = []
            for try await receipt in bank.statement() { amounts.append(receipt.amount) }
            #expect(amounts == [1, 2, 3])
        }
    }

    @Test("An agent that leaves actions unbound is refused, with the list of what is missing")
    func unbound() async throws {
        struct Lazy: Agent {
            static let actions = Actions<Lazy, Bank> {
                $0.on(\.balance) { _ in 1 }
                $0.on(\.balance) { _ in 2 }
            }
        }
        try await withAgents(on: InProcessExchange()) { agents in
            let error = await #expect(throws: ExchangeError.self) { try await agents.launch(Lazy()) }
            #expect(error?.code == .invalidConfiguration)
            #expect(error?.message.contains("not bound: transfer, close, statement") == true)
            #expect(error?.message.contains("more than once: balance") == true)
            let found = try await agents.discover(Bank.self)
            #expect(found.isEmpty)
        }
    }
}
