public import Foundation

/// Encodes values to bytes of one content type, and decodes them.
///
/// ``JSONPayloadCodec`` is the default. A codec must be a pure function of its input. It decodes bytes from other
/// processes, so it may throw on anything, and must never run its input.
public protocol PayloadCodec: Sendable {
    /// The content type of the codec's payloads.
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

/// The codecs of a client, by content type. Types are compared without case and parameters: `Application/JSON;
/// charset=utf-8` is JSON.
public struct PayloadCodecs: Sendable {
    private var codecs: [String: any PayloadCodec]

    /// The JSON codec only.
    public static let `default` = PayloadCodecs([.json])

    /// Makes a set of codecs. Of two with the same content type the later one counts.
    public init(_ codecs: [any PayloadCodec]) {
        self.codecs = [:]
        for codec in codecs { self.codecs[Payload.mediaType(codec.contentType)] = codec }
    }

    /// Returns the codec for a content type.
    ///
    /// - Throws: ``ExchangeError/Code/invalidPayload`` when there is none.
    public func codec(for contentType: String) throws(ExchangeError) -> any PayloadCodec {
        guard let codec = codecs[contentType] ?? codecs[Payload.mediaType(contentType)] else {
            throw ExchangeError(.invalidPayload, "no codec for the content type \"\(contentType.prefix(64))\"")
        }
        return codec
    }
}
