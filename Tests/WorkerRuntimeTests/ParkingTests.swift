import AgentExchange
import ExchangeTestKit
import Foundation
import InProcessExchange
import RabbitMQExchange
import Testing
import WorkerRuntime

@Suite("Events that are parked")
struct ParkingTests {
    /// The parked events of an exchange, as an operator sees them.
    private struct Operator {
        let exchange: any ExchangeFactory

        /// The reasons, oldest first.
        func reasons() async throws -> [String] {
            if let exchange = exchange as? InProcessExchange { return exchange.parkedEvents.map(\.reason) }
            return try await parked().map(\.reason)
        }

        func replay() async throws -> Int {
            if let exchange = exchange as? InProcessExchange { return exchange.replayParkedEvents() }
            return try await administration { try await $0.replayParked { _ in true } }
        }

        func parked() async throws -> [ParkedMessage] {
            try await administration { try await $0.parked(limit: 100) }
        }

        private func administration<Output: Sendable>(
            _ body: (ExchangeAdministration) async throws -> Output
        ) async throws -> Output {
            let exchange = try #require(exchange as? RabbitMQExchange)
            let administration = try await exchange.openAdministration()
            do {
                let output = try await body(administration)
                await administration.close()
                return output
            } catch {
                await administration.close()
                throw error
            }
        }
    }

    @Test(
        "An event whose handler throws waits for an operator, who sends it again when the fault is mended",
        arguments: Kind.all
    )
    func parked(kind: Kind) async throws {
        let exchange = try await kind.exchange()
        let operators = Operator(exchange: exchange)
        try await withWorkers(on: exchange) { workers, _ in
            let isBroken = Monitor(true)
            let got = Monitor<[String]>([])
            let options = AgentTypeOptions(eventErrors: .park)
            try await workers.registerClosure("clerk", subscriptions: [.type("news")], options: options) {
                message,
                context in
                if isBroken.value { throw Refused() }
                let text = (message as? Note)?.text ?? "\(message)"
                got.update { $0.append("\(context.address) \(text) \(context.messageID) \(context.attempt)") }
            }
            workers.serializers.register(Note.self)
            try await workers.start()
            let topic = Topic("news", source: "x")
            try await workers.publish(Note(text: "a"), to: topic, id: "first")
            let bad = Payload(contentType: "application/json", bytes: Data("{".utf8))
            let unnamed = try await workers.publish(UnknownPayload(dataType: "Note", payload: bad), to: topic)
            try await eventually("both are parked") { try await operators.reasons().count == 2 }
            let reasons = try await operators.reasons()
            #expect(
                reasons.contains { $0.hasPrefix("clerk/x failed: remote: ") && $0.contains("refused by the agent") }
            )
            #expect(reasons.contains { $0.hasPrefix("clerk/x failed: invalid-payload: ") })
            if kind == .rabbitMQ {
                let parked = try await operators.parked()
                #expect(parked.allSatisfy { $0.kind == "event" && $0.destination?.hasPrefix("agent:") == true })
            }
            isBroken.update { $0 = false }
            #expect(try await operators.replay() == 2)
            try await got.wait(for: "the event", timeout: .seconds(30)) { $0.isEmpty ? nil : true }
            #expect(got.value == ["clerk/x a first 1"])
            // The other one is as bad as before, and keeps its identifier through the replays.
            try await eventually("it is parked again") { try await operators.reasons().count == 1 }
            #expect(try await operators.replay() == 1)
            try await eventually("it is parked once more") { try await operators.reasons().count == 1 }
            if kind == .rabbitMQ {
                let headers = try #require(try await operators.parked().first?.headers)
                #expect(headers.values.contains(unnamed.id?.uuidString.lowercased() ?? ""))
            }
        }
    }

    @Test("A process keeps a bounded number of parked events; those of a slot that ended stay")
    func bounded() async throws {
        let exchange = InProcessExchange()
        try await withWorkers(on: exchange) { workers, _ in
            let options = AgentTypeOptions(eventErrors: .park)
            try await workers.registerClosure("clerk", subscriptions: [.type("news")], options: options) { _, _ in
                throw Refused()
            }
            workers.serializers.register(Note.self)
            try await workers.start()
            for number in 0..<1010 {
                try await workers.publish(Note(text: "\(number)"), to: Topic("news", source: "x"), id: "\(number)")
            }
            try await eventually("the last one is parked") {
                exchange.parkedEvents.contains { $0.delivery.event.id == "1009" }
            }
            #expect(await workers.stopWhenIdle())
            #expect(exchange.parkedEvents.count == 1000)
            #expect(exchange.replayParkedEvents() == 0)
            #expect(exchange.parkedEvents.count == 1000)
        }
    }

    @Test("A handler that is called again and succeeds leaves nothing behind", arguments: Kind.all)
    func retried(kind: Kind) async throws {
        let log = LogRecorder()
        try await withWorkers(on: try await kind.exchange(), .test(log)) { workers, _ in
            let calls = Monitor(0)
            let options = AgentTypeOptions(eventErrors: .retry(3))
            try await workers.registerClosure("clerk", subscriptions: [.type("news")], options: options) { _, _ in
                let call = calls.update { count in
                    count += 1
                    return count
                }
                if call < 3 { throw Refused() }
            }
            workers.serializers.register(Note.self)
            try await workers.start()
            try await workers.publish(Note(text: "a"), to: Topic("news", source: "x"))
            try await calls.wait(for: "the third call", timeout: .seconds(30)) { $0 == 3 ? true : nil }
            #expect(await workers.stopWhenIdle())
            #expect(calls.value == 3)
            #expect(!log.entries.contains { $0.message == "an event was not handled" })
        }
    }
}
