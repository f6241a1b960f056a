import AgentExchange
import Agents
import ExchangeTestKit
import InProcessExchange
import Testing

@Suite("Many agents of an interface")
struct ManyTests {
    @Test("All agents of an interface are asked with one message, and each answers for itself")
    func askAll() async throws {
        try await withAgents(on: InProcessExchange()) { agents in
            let banks = [try await agents.launch(MyBank()), try await agents.launch(MyBank())]
            _ = try await banks[1].transfer(40, "ann")
            var balances: [AgentID: Int] = [:]
            for await answer in try await agents.user.askAll(\Bank.balance) {
                balances[answer.agent.id] = try answer.result.get()
            }
            #expect(balances == [banks[0].id: 100, banks[1].id: 60])
            var errors: [BankError] = []
            for await answer in try await agents.user.askAll(\Bank.transfer, 80, "bob") {
                if case .failure(let error as BankError) = answer.result { errors.append(error) }
            }
            #expect(errors == [.insufficientFunds(missing: 20)])
        }
    }

    @Test("A broadcast reaches all agents of an interface and of those that refine it")
    func broadcast() async throws {
        try await withAgents(on: InProcessExchange()) { agents in
            let bank = try await agents.launch(MyBank())
            let savings = try await agents.launch(MySavingsBank())
            let asked = try await agents.user.broadcast(\Bank.transfer, 10, "ann")
            #expect(Set(asked.map(\.id)) == [bank.id, savings.id])
            try await eventually("both have less", value: { try await savings.bank.balance() }) { $0 == 90 }
            try await eventually("both have less", value: { try await bank.balance() }) { $0 == 90 }
        }
    }

    @Test("An agent that does not answer in time is among the answers")
    func silent() async throws {
        try await withDesk(on: InProcessExchange()) { agents, desk, _ in
            var answers: [Answer<Desk, String>] = []
            for await answer in try await agents.user.askAll(\Desk.wait, "a", deadline: .milliseconds(200)) {
                answers.append(answer)
            }
            #expect(answers.map(\.agent) == [desk.handle])
            let error = #expect(throws: ExchangeError.self) { try answers.first?.result.get() }
            #expect(error?.code == .deadlineExceeded)
        }
    }

    @Test("A watcher sees who is there, who comes and who goes")
    func watch() async throws {
        try await withAgents(on: InProcessExchange()) { agents in
            let first = try await agents.launch(MyBank())
            var changes = try await agents.user.changes(of: Bank.self).makeAsyncIterator()
            #expect(try await changes.next() == .snapshot([first.handle]))
            let second = try await agents.launch(MySavingsBank())
            #expect(try await changes.next() == .registered(second.bank))
            _ = try await agents.launch(MyCounter(), configuration: .test())
            try await second.stop()
            #expect(try await changes.next() == .terminated(second.bank))
        }
    }
}
