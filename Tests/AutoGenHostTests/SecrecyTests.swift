#if AutoGen
    import AutoGenProtocol
    import ExchangeTestKit
    import Foundation
    import SwiftProtobuf
    import Testing

    @testable import AutoGenHost

    @Suite("The secrecy of a client id", .serialized)
    struct SecrecyTests {
        @Test("It is in no answer to another client, and in no line of the log")
        func secrecy() async throws {
            try await withScene { scene in
                let (victim, stream) = try await scene.worker("a")
                let control = try await victim.openControl()
                try await victim.subscribe("a", "news", id: "s")
                let (client, other) = try await scene.worker("b")
                let asking = try await client.openControl()
                var seen: [String] = []
                func refused(_ body: () async throws -> Void) async {
                    do { try await body() } catch { seen.append("\(error)") }
                }
                await refused { try await client.register("a") }
                await refused { try await client.register("no type") }
                await refused { try await client.subscribe("a", "news") }
                await refused { try await client.subscribe("a", "no topic") }
                #expect(seen.count == 4)
                seen.append("\(try await client.subscriptions())")
                // Requests and their answers, in both directions, and those that fail.
                try other.ask("1", "a")
                let request = try await stream.request()
                try stream.answer(request.requestID, "done")
                seen.append("\(try await other.response("1"))")
                try other.ask("2", "nobody")
                seen.append("\(try await other.response("2"))")
                try other.ask("3", "a", source: "a")
                seen.append("\(try await other.response("3"))")
                try stream.ask("4", "b")
                seen.append("\(try await other.request())")
                // Events.
                try await client.subscribe("b", "other", id: "t")
                try stream.publish("other", sender: "a")
                seen.append("\(try await other.event())")
                // Control messages.
                try asking.ask("5", "agentid=a/k", Agents_SaveStateRequest())
                let question = try await control.next("a question") { $0 }
                try control.answer(question, Agents_SaveStateResponse.with { $0.state = "{}" })
                seen.append("\(try await asking.next("the answer") { $0 })")
                try control.ask("6", "agentid=b/k", Agents_SaveStateRequest())
                seen.append("\(try await asking.next("a question") { $0 })")
                // The victim is lost with a request.
                try other.ask("7", "a")
                _ = try await stream.request()
                stream.cancel()
                seen.append("\(try await other.response("7"))")
                #expect(seen.count == 13)
                for text in seen { #expect(!text.contains(victim.id), "\(text)") }
                #expect(!scene.log.entries.isEmpty)
                for entry in scene.log.entries {
                    #expect(!"\(entry)".contains(victim.id) && !"\(entry)".contains(client.id))
                }
            }
        }
    }
#endif
