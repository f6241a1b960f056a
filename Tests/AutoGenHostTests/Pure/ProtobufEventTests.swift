#if AutoGen
    import AgentExchange
    import AutoGenProtocol
    import Foundation
    import SwiftProtobuf
    import Testing

    @testable import AutoGenMessages

    @Suite("Events in protobuf at the host")
    struct ProtobufEventTests {
        @Test("An event of a worker in Swift reaches AutoGen's workers as the Any that they read, whatever form it has")
        func forms() throws {
            let any = try Google_Protobuf_Any(message: Google_Protobuf_StringValue("a"))
            for bytes in [try any.serializedData(), any.value] {
                let event = try Event(
                    .default,
                    dataType: "google.protobuf.StringValue",
                    payload: Payload(contentType: "application/x-protobuf", bytes: bytes)
                )
                let sent = event.cloudEvent.protoData
                #expect(sent.typeURL == any.typeURL)
                #expect(sent.value == any.value)
            }
        }
    }
#endif
