import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing
import WorkerRuntime

@Suite(
    "The next worker of a type whose worker was lost",
    .enabled(if: PrivateBroker.isInstalled, Comment(rawValue: PrivateBroker.missingReason))
)
struct LossTests {
    @Test("gets its events and requests, also those that were being handled, and its subscriptions")
    func adopts() async throws {
        let broker = try await PrivateBroker.shared()
        let proxy = try FaultProxy(targetPort: broker.port)
        let namespace = "test-" + UUID().uuidString.prefix(8).lowercased()
        func exchange(_ url: String) throws -> RabbitMQExchange {
            try RabbitMQExchange(url: url, namespace: namespace, logger: LogRecorder().logger)
        }
        let lost = try await WorkerRuntime(
            on: try exchange("amqp://guest:guest@127.0.0.1:\(proxy.listenPort)"),
            configuration: .test { $0.gracePeriod = .milliseconds(50) }
        )
        let (before, stage) = (Stage(), Stage())
        try await lost.registerClerks("clerk", before, subscriptions: [.type("news"), .prefix("o.")])
        try await lost.start()
        let subscriptions = try await lost.subscriptions()
        try await withWorkers(on: try exchange(broker.amqpURL)) { workers, _ in
            workers.serializers.register(Note.self)
            workers.serializers.register(Ask.self, Answer.self)
            try await workers.publish(Note(text: "hold a"), to: Topic("news", source: "x"))
            try await before.heard("began a")
            try await proxy.set(.refuse)
            try await proxy.resetConnections()
            let published = try await workers.publish(Note(text: "b"), to: Topic("news", source: "x"))
            #expect(published.hasSubscribers)
            let waiting = Task { try await workers.ask("c", AgentAddress("clerk", key: "x")) }
            // The broker gives the slot back when it notices the loss.
            try await eventually("the type to be free", timeout: .seconds(60)) {
                do {
                    try await workers.registerClerks("clerk", stage, subscriptions: [.type("news"), .prefix("o.")])
                    return true
                } catch let error as ExchangeError where error.code == .typeInUse {
                    return false
                }
            }
            #expect(try await workers.subscriptions() == subscriptions)
            stage.release("a")
            try await workers.start()
            #expect(try await waiting.value == "C")
            try await stage.heard("clerk/x b")
            try await stage.heard("ended a")
        }
        try await proxy.set(.pass)
        await lost.stop()
        await proxy.stop()
    }
}
