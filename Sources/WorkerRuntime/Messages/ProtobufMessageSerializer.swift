#if AutoGen
    public import AgentExchange
    public import Foundation
    public import SwiftProtobuf

    /// A serializer for a protobuf message, under its full name in protobuf.
    ///
    /// It encodes a message as a serialized `google.protobuf.Any`, as AutoGen does in Python and .NET, and reads both that and the bare
    /// message. It is there with the package trait `AutoGen`.
    public struct ProtobufMessageSerializer<Message: SwiftProtobuf.Message>: MessageSerializer {
        /// The full name of the message in protobuf.
        public let dataType = Message.protoMessageName

        /// `application/x-protobuf`.
        public var contentType: String { "application/x-protobuf" }

        /// Makes the serializer.
        public init(_ type: Message.Type = Message.self) {}

        /// Encodes a message.
        ///
        /// - Throws: `ExchangeError.Code.invalidPayload` when a required field of proto2 is missing.
        public func encode(_ message: Message) throws(ExchangeError) -> Data {
            do {
                return try Google_Protobuf_Any(message: message).serializedData()
            } catch {
                throw ExchangeError(.invalidPayload, "a \(dataType) can't be encoded", underlying: error)
            }
        }

        /// Decodes a message, in an `Any` of its type or bare.
        ///
        /// - Throws: `ExchangeError.Code.invalidPayload`.
        public func decode(_ bytes: Data) throws(ExchangeError) -> Message {
            do {
                if let any = try? Google_Protobuf_Any(serializedBytes: bytes), any.isA(Message.self) {
                    return try Message(unpackingAny: any)
                }
                return try Message(serializedBytes: bytes)
            } catch {
                throw ExchangeError(.invalidPayload, "not a \(dataType) in protobuf", underlying: error)
            }
        }
    }

    extension MessageSerializers {
        /// Adds protobuf serializers under the full names of messages. Both AutoGen's workers and those in Swift understand them, in
        /// requests and events.
        public func register<each Message: SwiftProtobuf.Message>(_ types: repeat (each Message).Type) {
            repeat add(ProtobufMessageSerializer(each types))
        }
    }
#endif
