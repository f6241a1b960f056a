public import Foundation

/// Turns values into bytes of one content type and back.
///
/// ``JSONPayloadCodec`` is the default. Another codec must be a pure function of its input: what it decodes comes from
/// other processes, so it may throw on anything, and must never run what it reads.
public protocol PayloadCodec: Sendable {
    /// The content type that payloads of this codec carry.
    var contentType: String { get }

    /// Encodes a value.
    ///
    /// - Throws: ``ExchangeError/Code/invalidPayload``.
    func encode(_ value: some Encodable) throws(ExchangeError) -> Data

    /// Decodes a value.
    ///
    /// - Throws: ``ExchangeError/Code/invalidPayload``.
    func decode<Value: Decodable>(_ type: Value.Type, from bytes: Data) throws(ExchangeError) -> Value
}

/// The codecs that a client can read, by content type. Types are compared without regard to case and without their
/// parameters: `Application/JSON; charset=utf-8` is JSON.
public struct PayloadCodecs: Sendable {
    private var codecs: [String: any PayloadCodec]

    /// JSON only.
    public static let `default` = PayloadCodecs([.json])

    /// Knows the given codecs; of two with the same content type the later one counts.
    public init(_ codecs: [any PayloadCodec]) {
        self.codecs = [:]
        for codec in codecs { self.codecs[Payload.mediaType(codec.contentType)] = codec }
    }

    /// The codec for a content type.
    ///
    /// - Throws: ``ExchangeError/Code/invalidPayload`` when there is none.
    public func codec(for contentType: String) throws(ExchangeError) -> any PayloadCodec {
        guard let codec = codecs[contentType] ?? codecs[Payload.mediaType(contentType)] else {
            throw ExchangeError(.invalidPayload, "no codec for the content type \"\(contentType.prefix(64))\"")
        }
        return codec
    }
}
