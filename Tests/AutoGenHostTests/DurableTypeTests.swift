#if AutoGen
    import AgentExchange
    import AutoGenProtocol
    import ExchangeTestKit
    import Foundation
    import Testing

    @testable import AutoGenHost

    @Suite("Agent types that outlive their clients", .serialized)
    struct DurableTypeTests {
        @Test("Requests and events wait for the next client, also those that a client that left had not answered")
        func waits() async throws {
            try await withScene {
                $0.durableTypes = ["orders.*"]
                $0.absence = .milliseconds(200)
            } _: { scene in
                let (client, target) = try await scene.worker("orders.new", "clerk")
                try await client.subscribe("orders.new", "tasks")
                let (watcher, caller) = try await scene.worker()
                try caller.ask("1", "orders.new")
                try caller.ask("2", "clerk")
                for _ in 0..<2 { _ = try await target.request() }
                target.cancel()
                // The other type has ended.
                #expect(try await !caller.response("2").error.isEmpty)
                try caller.publish("tasks", "\"event\"")
                try caller.ask("3", "orders.new")
                #expect(try await watcher.subscriptions().count == 1)
                let (_, next) = try await scene.worker("orders.new")
                for _ in 0..<2 {
                    let request = try await next.request()
                    try next.answer(request.requestID, "done")
                }
                for id in ["1", "3"] { #expect(try await caller.response(id).payload.text == "done") }
                #expect(try await next.event().text == "\"event\"")
            }
        }
    }
#endif
