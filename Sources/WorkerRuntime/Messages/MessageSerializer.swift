public import AgentExchange
public import Foundation

/// Encodes the messages of one type, and decodes them.
public protocol MessageSerializer<Message>: Sendable {
    /// The type of the messages.
    associatedtype Message: Sendable

    /// The name of the type in requests and events: 1 to 200 bytes. A message with another name is not sent.
    var dataType: String { get }

    /// The content type of the encoded messages, without parameters.
    var contentType: String { get }

    /// Encodes a message.
    ///
    /// - Throws: `ExchangeError.Code.invalidPayload`.
    func encode(_ message: Message) throws(ExchangeError) -> Data

    /// Decodes a message from bytes of another process.
    ///
    /// - Throws: `ExchangeError.Code.invalidPayload`.
    func decode(_ bytes: Data) throws(ExchangeError) -> Message
}

/// A serializer for a `Codable` type: JSON, under the bare name of the Swift type unless another is given.
public struct JSONMessageSerializer<Message: Codable & Sendable>: MessageSerializer {
    /// The name of the type in requests and events.
    public let dataType: String

    /// `application/json`.
    public var contentType: String { JSONPayloadCodec().contentType }

    /// Makes the serializer.
    public init(_ type: Message.Type = Message.self, as dataType: String? = nil) {
        self.dataType = dataType ?? String(describing: type)
    }

    /// Encodes a message as JSON.
    public func encode(_ message: Message) throws(ExchangeError) -> Data {
        try JSONPayloadCodec().encode(message)
    }

    /// Decodes a message from JSON.
    public func decode(_ bytes: Data) throws(ExchangeError) -> Message {
        try JSONPayloadCodec().decode(Message.self, from: bytes)
    }
}

/// A message of a type that has no serializer here. Sent on, it is the same message.
public struct UnknownPayload: Sendable, Hashable {
    /// The name of the type.
    public let dataType: String

    /// The encoded message.
    public let payload: Payload

    /// Makes a message of encoded bytes.
    public init(dataType: String, payload: Payload) {
        self.dataType = dataType
        self.payload = payload
    }
}
