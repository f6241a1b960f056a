public import Foundation

/// The default codec: JSON (RFC 8259), content type `application/json`.
///
/// Dates are seconds since 1970, and `Data` is base64. Infinite numbers and NaN can't be encoded.
public struct JSONPayloadCodec: PayloadCodec {
    /// Makes the codec.
    public init() {}

    /// `application/json`.
    public var contentType: String { "application/json" }

    /// Encodes a value as JSON.
    public func encode(_ value: some Encodable) throws(ExchangeError) -> Data {
        if let bytes = JSONScalar.encode(value) { return bytes }
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .secondsSince1970
        encoder.outputFormatting = .withoutEscapingSlashes
        do {
            return try encoder.encode(value)
        } catch {
            throw ExchangeError(.invalidPayload, "can't encode \(type(of: value)) as JSON", underlying: error)
        }
    }

    /// Decodes a value from JSON.
    public func decode<Value: Decodable>(_ type: Value.Type, from bytes: Data) throws(ExchangeError) -> Value {
        if let value = JSONScalar.decode(type, from: bytes) { return value }
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .secondsSince1970
        do {
            return try decoder.decode(type, from: bytes)
        } catch {
            throw ExchangeError(.invalidPayload, "not the JSON of \(type)", underlying: error)
        }
    }
}

extension PayloadCodec where Self == JSONPayloadCodec {
    /// JSON.
    public static var json: JSONPayloadCodec { JSONPayloadCodec() }
}
