#if AutoGen
    import AgentExchange
    @testable import AutoGenHost
    @testable import AutoGenMessages
    import AutoGenProtocol
    import ExchangeTestKit
    import Foundation
    import GRPCCore
    import InProcessExchange
    import SwiftProtobuf
    import Synchronization
    import Testing
    import WorkerRuntime

    @Suite("Events through the host", .serialized)
    struct EventTests {
        @Test("An event reaches each client once, however many of its types match, the publisher too")
        func once() async throws {
            try await withScene { scene in
                let (one, first) = try await scene.worker("a", "b", "c")
                let (two, second) = try await scene.worker("d")
                for type in ["a", "b", "c", "d"] { try await one.subscribe(type, "news") }
                try await two.subscribe("d", "ne", isPrefix: true)
                for number in 0..<50 { try second.publish("news", "\(number)", id: "same") }
                try second.publish("other", "none")
                try second.publish("news", "last")
                for stream in [first, second] {
                    try await eventually("the last event arrives") { stream.waiting >= 51 }
                    let texts = stream.received.value.map(\.cloudEvent.text)
                    #expect(texts == (0..<50).map(String.init) + ["last"])
                }
                #expect(scene.drops(.unsubscribed) == 1)
            }
        }

        @Test("An event travels unchanged, with its attributes, as bytes, as text and as a protobuf message")
        func fidelity() async throws {
            try await withScene { scene in
                let (client, stream) = try await scene.worker("a")
                try await client.subscribe("a", "news")
                var event = CloudEvent.of("news", source: "room 7/ä", "{}", id: "42", sender: "a")
                event.attributes["traceparent"] = .with { $0.ceString = "00-aa" }
                event.attributes["flag"] = .with { $0.ceBoolean = true }
                event.attributes["number"] = .with { $0.ceInteger = -7 }
                event.attributes["bytes"] = .with { $0.ceBytes = Data([0, 255]) }
                event.attributes["uri"] = .with { $0.ceUri = "a:b" }
                event.attributes["ref"] = .with { $0.ceUriRef = "/b" }
                event.attributes["time"] = .with { $0.ceTimestamp = Google_Protobuf_Timestamp(seconds: -5, nanos: 6) }
                var forms = [event]
                event.textData = "tëxt"
                forms.append(event)
                event.protoData = try Google_Protobuf_Any(message: Agents_AgentId.with { $0.type = "x" })
                event.attributes["datacontenttype"] = .with { $0.ceString = "application/x-protobuf" }
                forms.append(event)
                for form in forms {
                    try stream.send(.with { $0.cloudEvent = form })
                    let sent = try CloudEvent(serializedBytes: try form.serializedBytes() as [UInt8])
                    #expect(try await stream.event() == sent)
                }
                #expect(scene.drops(.attribute) == 0)
            }
        }

        @Test("An event that a lost worker may not have handled comes again to its successor; a delivered one does not")
        func redelivery() async throws {
            try await withScene {
                $0.eventHold = .milliseconds(400)
            } _: { scene in
                let proxy = try FaultProxy(targetPort: scene.port)
                let (worker, target) = try await scene.worker("a", "b", port: proxy.listenPort)
                try await worker.subscribe("a", "news")
                try await worker.subscribe("b", "news")
                let (next, publisher) = try await scene.worker()
                try publisher.publish("news", "old")
                #expect(try await target.event().text == "old")
                try await Task.sleep(for: .milliseconds(800))
                try publisher.publish("news", "young")
                #expect(try await target.event().text == "young")
                try await proxy.resetConnections()
                try publisher.publish("news", "meanwhile")
                try await eventually("the successor gets the types") {
                    do {
                        for type in ["a", "b"] { try await next.register(type) }
                        return true
                    } catch let error as RPCError where error.code == .invalidArgument {
                        return false
                    }
                }
                // It has other identifiers, and adopts the subscriptions.
                for type in ["a", "b"] { try await next.subscribe(type, "news") }
                #expect(try await next.subscriptions().count == 2)
                #expect(try await publisher.event().text == "young")
                #expect(try await publisher.event().text == "meanwhile")
                try publisher.publish("news", "last")
                #expect(try await publisher.event().text == "last")
                #expect(publisher.waiting == 0)
                await proxy.stop()
            }
        }

        @Test("For a client that takes nothing, events wait in the exchange, and the host keeps few")
        func slow() async throws {
            try await withScene(prefetch: 16) { scene in
                let slow = try scene.client()
                let stream = try await slow.open(takes: false)
                try await slow.register("slow")
                try await slow.subscribe("slow", "news")
                let (quick, other) = try await scene.worker("quick")
                try await quick.subscribe("quick", "news")
                let text = String(repeating: "x", count: 100_000)
                for number in 0..<300 { try other.publish("news", source: "\(number)", text) }
                try await eventually("the other client has all of them") { other.waiting == 300 }
                let session = try #require(scene.session(of: slow))
                #expect(session.state.withLock { $0.queue.waitingBytes } <= 17 * 100_500)
                #expect(stream.ended.value == nil)
            }
        }

        @Test("Many events to one client arrive in order past the number that the exchange hands out")
        func flow() async throws {
            try await withScene(prefetch: 8) { scene in
                let (client, stream) = try await scene.worker("a")
                try await client.subscribe("a", "news")
                for number in 0..<500 { try stream.publish("news", "\(number)") }
                try await eventually("all arrive") { stream.waiting == 500 }
                #expect(stream.received.value.map(\.cloudEvent.text) == (0..<500).map(String.init))
            }
        }

        @Test("A client with too many unconfirmed events is not read until they are confirmed; none is lost")
        func unconfirmed() async throws {
            try await withScene {
                $0.maximumUnconfirmed = 1
            } _: { scene in
                let (client, stream) = try await scene.worker("a")
                try await client.subscribe("a", "news")
                for number in 0..<300 { try stream.publish("news", "\(number)") }
                try await eventually("all have come") { stream.waiting == 300 }
                #expect(stream.received.value.map(\.cloudEvent.text) == (0..<300).map(String.init))
            }
        }

        @Test("Bad input is dropped and counted, and the stream lives")
        func badInput() async throws {
            try await withScene { scene in
                let (client, stream) = try await scene.worker("a")
                try await client.subscribe("a", "news")
                stream.send(bytes: [255, 255, 255])
                try stream.send(Agents_Message())
                try stream.answer("nothing", "x")
                try stream.publish("no topic", "x")
                try stream.publish("news", source: String(repeating: "s", count: 1025), "x")
                try stream.publish("news", "forged", sender: "b")
                let (_, other) = try await scene.worker("b")
                _ = other
                try stream.publish("news", "forged", sender: "b")
                try stream.publish("news", "good")
                #expect(try await stream.event().text == "forged")
                #expect(try await stream.event().text == "good")
                #expect(scene.drops(.undecodable) == 1)
                #expect(scene.drops(.empty) == 1)
                #expect(scene.drops(.unknownResponse) == 1)
                #expect(scene.drops(.invalidEvent) == 2)
                #expect(scene.drops(.foreignSender) == 1)
                let metadata = client.metadata(["x-long": String(repeating: "m", count: 1 << 20)])
                await #expect(throws: RPCError.self) { try await client.register("c", metadata: metadata) }
            }
        }

        @Test("Swift agents and clients get each other's events")
        func swift() async throws {
            try await withScene { scene in
                let (client, stream) = try await scene.worker("python")
                try await client.subscribe("python", "news")
                let workers = try await WorkerRuntime(on: scene.exchange)
                let heard = Monitor<[String]>([])
                try await workers.registerClosure("swift", subscriptions: [.type("news")]) { message, context in
                    guard let message = message as? UnknownPayload else { return }
                    heard.update { $0.append("\(context.address) \(message.dataType) \(context.messageID)") }
                }
                try await workers.start()
                try stream.publish("news", source: "room", "\"x\"", id: "17", sender: "python")
                try await heard.wait(for: "the event", timeout: .seconds(10)) {
                    $0 == ["swift/room Text 17"] ? true : nil
                }
                _ = try await stream.event()
                workers.serializers.register(Ask.self)
                try await workers.publish(Ask(text: "y"), to: Topic("news", source: "s"), id: "18")
                let event = try await stream.event()
                #expect(event.id == "18" && event.source == "s" && event.attributes["dataschema"]?.ceString == "Ask")
                #expect(event.text == "{\"text\":\"y\"}")
                await workers.stop()
            }
        }
    }

    extension Scene {
        func drops(_ reason: Drops.Reason) -> Int { host.service.core.drops.number(reason) }

        func session(of client: BareClient) -> ClientSession? {
            host.service.core.clients.sessions.first { $0.id == ClientID(text: client.id) }
        }
    }
#endif
