import AgentExchange
import Agents
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

@Suite(
    "Agents over a broker",
    .serialized,
    .enabled(if: PrivateBroker.isInstalled, Comment(rawValue: PrivateBroker.missingReason))
)
struct BrokerTests {
    private let scene = BrokerScene()

    private func exchange(_ session: String = "one") async throws -> RabbitMQExchange {
        try await scene.exchange(session)
    }

    @Test("Calls, typed errors, refinement and streams")
    func calls() async throws {
        try await withAgents(on: try await exchange(), configuration: AgentConfiguration.test().client) { agents in
            let bank = try await agents.launch(MyBank(), name: "bank")
            #expect(try await bank.transfer(5, "ann") == Receipt(amount: 5, to: "ann"))
            await #expect(throws: BankError.insufficientFunds(missing: 5)) { try await bank.transfer(100, "ann") }
            var receipts: [Receipt] = []
            for try await receipt in bank.statement() { receipts.append(receipt) }
            #expect(receipts == [Receipt(amount: 5, to: "ann")])
            let savings = try await agents.launch(MySavingsBank())
            let found = try await agents.discover(Bank.self)
            #expect(found == [bank.handle, savings.bank])
            let lowerer = try await agents.launch(Lowerer())
            let reverser = try await agents.launch(Reverser())
            let pipeline = try await agents.launch(Pipeline(first: lowerer.handle, second: reverser.handle))
            #expect(try await pipeline.change("DEADBEEF") == "feebdaed")
        }
    }

    @Test("Cancellation and deadlines reach nested calls")
    func cancellation() async throws {
        try await withDesk(on: try await exchange()) { agents, desk, bell in
            let inner = try await agents.launch(MyDesk(bell: bell), configuration: .test())
            let call = Task { try await desk.nested(inner.handle, "a") }
            try await bell.heard("began a")
            call.cancel()
            try await bell.heard("cancelled a")
            await bell.late("b") { _ = try await desk.nested(inner.handle, "b", deadline: $0) }
            try await bell.heard("cancelled b")
        }
    }

    @Test("A stream is not further ahead than its window, and is cancelled when the consumer stops")
    func stream() async throws {
        try await withDesk(on: try await exchange()) { _, desk, bell in
            for try await number in desk.numbers(1000) where number == 20 { break }
            try await bell.heard("stream cancelled")
            #expect(!bell.events.value.contains("sent \(21 + 2 * RemoteHandle.streamWindow)"))
        }
    }

    @Test("Broadcasts, answers and changes by interface")
    func many() async throws {
        try await withAgents(on: try await exchange(), configuration: AgentConfiguration.test().client) { agents in
            let first = try await agents.launch(MyBank())
            var changes = try await agents.user.changes(of: Bank.self).makeAsyncIterator()
            #expect(try await changes.next() == .snapshot([first.handle]))
            let second = try await agents.launch(MySavingsBank())
            #expect(try await changes.next() == .registered(second.bank))
            try await agents.user.broadcast(\Bank.transfer, 10, "ann")
            try await eventually("both have less", value: { try await first.balance() }) { $0 == 90 }
            try await eventually("both have less", value: { try await second.bank.balance() }) { $0 == 90 }
            var balances: [Int] = []
            for await answer in try await agents.user.askAll(\Bank.balance) { balances.append(try answer.result.get()) }
            #expect(balances == [90, 90])
            try await second.stop()
            #expect(try await changes.next() == .terminated(second.bank))
        }
    }

    @Test("A standby in another session takes over, and answers what the other left")
    func standby() async throws {
        let broker = try await PrivateBroker.shared()
        // The broker counts only the consumer that it serves; its own list has both.
        try await standbyHandover(on: try await exchange("one"), try await exchange("two")) { registration in
            let end = ".agent.\(registration.agentID.uuid.uuidString.lowercased())"
            return try await broker.management.consumers().filter { $0.queue.hasSuffix(end) }.count
        }
    }

    @Test("What comes while an agent stops is served by its next run")
    func nextRun() async throws {
        let exchange = try await exchange()
        try await withDesk(on: exchange, configure: { $0.terminateOnSuccess = false }) { agents, desk, bell in
            async let first = desk.wait("a")
            try await bell.heard("began a")
            desk.stopSoon()
            let later = Task { try await desk.wait("b") }
            bell.release("b")
            bell.release("a")
            #expect(try await first == "a")
            try await desk.waitUntilEnded()
            let next = AgentRuntime(
                MyDesk(bell: bell),
                registration: desk.registration,
                exchange: exchange,
                configuration: .test { $0.terminateOnSuccess = true }
            )
            async let run: Void = next.run()
            #expect(try await later.value == "b")
            next.stop()
            try await run
        }
    }
}
