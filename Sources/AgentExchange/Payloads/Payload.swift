public import Foundation

/// Bytes with a content type: an argument list, a result or an error.
///
/// A payload is opaque to the exchange. It is decoded on demand, by the codec for its content type, and never executed.
public struct Payload: Sendable, Hashable {
    /// The content type, for example `application/json`. At most 255 bytes.
    public let contentType: String

    /// The bytes, exactly as they are sent.
    public let bytes: Data

    /// Makes a payload of encoded bytes.
    public init(contentType: String, bytes: Data) {
        self.contentType = contentType
        self.bytes = bytes
    }

    /// A payload without bytes, with the content type of raw bytes.
    public static let empty = Payload(contentType: "application/octet-stream", bytes: Data())

    /// Encodes a value.
    ///
    /// - Throws: ``ExchangeError/Code/invalidPayload`` when the codec can't encode the value.
    public init(
        encoding value: some Encodable,
        with codec: some PayloadCodec = .json
    ) throws(ExchangeError) {
        self.init(contentType: codec.contentType, bytes: try codec.encode(value))
    }

    /// Decodes the bytes as a value of the given type.
    ///
    /// - Throws: ``ExchangeError/Code/invalidPayload`` when no codec is known for the content type, or the bytes do not
    ///   decode as the type.
    public func decode<Value: Decodable>(
        _ type: Value.Type = Value.self,
        with codecs: PayloadCodecs = .default
    ) throws(ExchangeError) -> Value {
        try codecs.codec(for: contentType).decode(type, from: bytes)
    }
}

extension Payload {
    /// Returns a content type in lower case and without its parameters.
    package static func mediaType(_ contentType: String) -> String {
        let type = contentType.prefix { $0 != ";" }.lowercased()
        return String(type.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }

    /// Whether the content type is JSON.
    package var isJSON: Bool { Self.mediaType(contentType) == "application/json" }
}

extension Payload: CustomStringConvertible {
    /// The content type and the number of bytes; never the bytes.
    public var description: String { "\(contentType), \(bytes.count) bytes" }
}

extension Payload: Codable {
    private enum CodingKeys: String, CodingKey, CaseIterable {
        case contentType, text, base64
    }

    /// Decodes the JSON form: `contentType`, and the bytes as `text` when they are UTF-8, else as `base64`.
    public init(from decoder: any Decoder) throws {
        try decoder.refuseFields(besides: CodingKeys.self)
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let text = try fields.decodeIfPresent(String.self, forKey: .text)
        let base64 = try fields.decodeIfPresent(String.self, forKey: .base64)
        guard (text == nil) != (base64 == nil),
            let bytes = text.map({ Data($0.utf8) }) ?? Data(base64Encoded: base64 ?? "")
        else {
            let text = "a payload has either text or valid base64"
            throw DecodingError.dataCorruptedError(forKey: .base64, in: fields, debugDescription: text)
        }
        self.init(contentType: try fields.decode(String.self, forKey: .contentType), bytes: bytes)
    }

    /// Encodes the JSON form.
    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(contentType, forKey: .contentType)
        if let text = String(validating: bytes, as: UTF8.self) {
            try fields.encode(text, forKey: .text)
        } else {
            try fields.encode(bytes.base64EncodedString(), forKey: .base64)
        }
    }
}
