#if AutoGen
    import AgentExchange
    import ExchangeTestKit
    import Foundation
    import SwiftProtobuf
    import Testing

    @testable import WorkerRuntime

    @Suite("Messages in protobuf")
    struct ProtobufTests {
        /// Answers with a text and a number, and tells of events.
        private struct Agent: WorkerAgent {
            let stage: Stage

            static let handlers = Handlers<Agent> {
                $0.onRequest(Google_Protobuf_StringValue.self) { _, text, _ in
                    Google_Protobuf_Int64Value(Int64(text.value.utf8.count))
                }
                $0.onEvent(Google_Protobuf_StringValue.self) { agent, text, context in
                    agent.stage.say("\(context.address) \(text.value)")
                }
            }
        }

        @Test(
            "They are requests, replies and events, also of a runtime that knows them by name only",
            arguments: Kind.all
        )
        func messages(kind: Kind) async throws {
            try await withWorkers(on: try await kind.exchange()) { workers, stage in
                workers.serializers.register(Google_Protobuf_StringValue.self, Google_Protobuf_Int64Value.self)
                try await workers.register("agent", subscriptions: [.type("news")]) { _ in Agent(stage: stage) }
                try await workers.start()
                let agent = AgentAddress("agent", key: "x")
                let text = Google_Protobuf_StringValue("häuser")
                let reply = try await workers.send(text, to: agent, returning: Google_Protobuf_Int64Value.self)
                #expect(reply?.value == 7)
                let unread = try await workers.send(text, to: agent, returning: UnknownPayload.self)
                #expect(unread?.dataType == "google.protobuf.Int64Value")
                #expect(unread.map { Payload.mediaType($0.payload.contentType) } == "application/x-protobuf")
                try await workers.publish(text, to: Topic("news", source: "x"))
                try await stage.heard("agent/x häuser")
                // As AutoGen's host hands an event on: the bare message.
                let bare = Payload(contentType: "application/x-protobuf", bytes: try text.serializedData())
                let name = "google.protobuf.StringValue"
                try await workers.publish(UnknownPayload(dataType: name, payload: bare), to: Topic("news", source: "y"))
                try await stage.heard("agent/y häuser")
                await fails(.invalidPayload, .delivered) {
                    let bad = Payload(contentType: "application/x-protobuf", bytes: Data([0x0a, 0xff]))
                    let message = UnknownPayload(dataType: name, payload: bad)
                    _ = try await workers.send(message, to: agent, returning: UnknownPayload.self)
                }
            }
        }

        @Test("They are encoded in an Any of their type; an Any of another type is not one of them")
        func forms() throws {
            let serializer = ProtobufMessageSerializer(Google_Protobuf_StringValue.self)
            let bytes = try serializer.encode("a")
            let any = try Google_Protobuf_Any(serializedBytes: bytes)
            #expect(any.typeURL == "type.googleapis.com/google.protobuf.StringValue")
            #expect(try serializer.decode(bytes) == "a")
            #expect(try serializer.decode(any.value) == "a")
            #expect(try serializer.decode(Data()) == "")
            #expect(throws: ExchangeError.self) { try serializer.decode(Data([0x0a, 0xff])) }
        }
    }
#endif
