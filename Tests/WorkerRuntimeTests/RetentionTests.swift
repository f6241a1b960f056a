import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import WorkerRuntime

@Suite("Events that wait for a worker of a durable type")
struct RetentionTests {
    @Test(
        "are dropped when they are older than the retention, and requests are not; younger ones are handled",
        arguments: Kind.all
    )
    func retention(kind: Kind) async throws {
        let exchange = try await kind.exchange()
        let clerk = AgentAddress("clerk", key: "x")
        var cases = [(AgentTypeOptions.Lifetime.durable, 3610.0, false)]
        if kind == .inProcess || LongForm.isWanted { cases += [(.durable, 3000, true), (.ephemeral, 3610, true)] }
        for (lifetime, later, isHandled) in cases {
            let options = AgentTypeOptions(lifetime: lifetime, retention: .seconds(3600))
            try await withWorkers(on: exchange) { other, _ in
                other.serializers.register(Note.self)
                other.serializers.register(Ask.self, Answer.self)
                try await withWorkers(on: exchange) { first, stage in
                    try await first.registerClerks("clerk", stage, subscriptions: [.type("news")], options: options)
                    try await first.start()
                    // Without stopping, which ends an ephemeral type.
                    _ = await first.leave()
                }
                let published = try await other.publish(Note(text: "old"), to: Topic("news", source: "x"))
                #expect(published.hasSubscribers)
                let waiting = Task { try await other.ask("a", clerk) }
                let offset = Monitor(later)
                let configuration = WorkerConfiguration.test { settings in
                    settings.clock.date = { Date.now + offset.value }
                }
                try await withWorkers(on: exchange, configuration) { second, stage in
                    try await second.registerClerks("clerk", stage, subscriptions: [.type("news")], options: options)
                    try await second.start()
                    #expect(try await waiting.value == "A")
                    offset.update { $0 = 0 }
                    try await other.publish(Note(text: "new"), to: Topic("news", source: "x"))
                    try await stage.heard("clerk/x new")
                    #expect(stage.events.value.contains("clerk/x old") == isHandled)
                }
                if lifetime == .durable { try await other.removeType("clerk") }
            }
        }
    }
}
