internal import Foundation

/// The arguments of an action: positional arguments in order, and keyword arguments by name.
///
/// They form one payload, decoded on demand. Its JSON is an object with `positional` (an array) and `keyword` (an
/// object); either may be absent when it is empty.
///
/// ```swift
/// let arguments = try ActionArguments(5, "ann", keyword: ["note": "rent"])
/// let (amount, name) = try arguments.decode(Int.self, String.self)
/// let note = try arguments.decodeKeywords(as: [String: String].self)?["note"]
/// ```
public struct ActionArguments: Sendable, Hashable {
    /// The encoded arguments.
    public let payload: Payload

    /// Wraps arguments that are already encoded.
    public init(payload: Payload) {
        self.payload = payload
    }

    /// No arguments.
    public static let none = ActionArguments(payload: Payload(contentType: "application/json", bytes: .init("{}".utf8)))

    /// Encodes positional and keyword arguments.
    ///
    /// - Throws: ``ExchangeError/Code/invalidPayload`` when the codec can't encode one of them.
    public init<each Argument: Encodable & Sendable>(
        _ positional: repeat each Argument,
        keyword: [String: any Encodable & Sendable] = [:],
        codec: some PayloadCodec = .json
    ) throws(ExchangeError) {
        if keyword.isEmpty, codec is JSONPayloadCodec, let bytes = JSONScalar.encode(arguments: repeat each positional)
        {
            payload = Payload(contentType: codec.contentType, bytes: bytes)
            return
        }
        var list: [any Encodable] = []
        for argument in repeat each positional { list.append(argument) }
        payload = try Payload(encoding: ArgumentList(positional: list, keyword: keyword), with: codec)
    }

    /// Decodes the positional arguments.
    ///
    /// - Throws: ``ExchangeError/Code/invalidPayload`` when the number or a type differs from the requested ones.
    public func decode<each Argument: Decodable>(
        _ types: repeat (each Argument).Type,
        codecs: PayloadCodecs = .default
    ) throws(ExchangeError) -> (repeat each Argument) {
        let codec = try codecs.codec(for: payload.contentType)
        if codec is JSONPayloadCodec, let scalars = scalars(repeat each types) { return scalars }
        var wanted = 0
        var takesTexts = false
        for type in repeat (each Argument).self {
            wanted += 1
            takesTexts = takesTexts || type == JSONText.self
        }
        if takesTexts, codec is JSONPayloadCodec { return try texts(repeat each types, wanted: wanted, codec: codec) }
        var list = try payload.decode(PositionalArguments.self, with: codecs)
        try check(list.count, wanted)
        return (repeat try list.next((each Argument).self))
    }

    /// Decodes each argument by itself, for calls that keep some as they were written.
    private func texts<each Argument: Decodable>(
        _ types: repeat (each Argument).Type,
        wanted: Int,
        codec: any PayloadCodec
    ) throws(ExchangeError) -> (repeat each Argument) {
        guard let texts = positionalTexts() else {
            throw ExchangeError(.invalidPayload, "the arguments are not a JSON object with an array of arguments")
        }
        try check(texts.count, wanted)
        var rest = texts[...]
        return (repeat try codec.decode((each Argument).self, from: rest.removeFirst().bytes))
    }

    private func check(_ count: Int, _ wanted: Int) throws(ExchangeError) {
        guard count == wanted else {
            throw ExchangeError(.invalidPayload, "\(count) positional arguments were given, \(wanted) are expected")
        }
    }

    /// Decodes the arguments if all are strings, numbers and Booleans.
    private func scalars<each Argument>(_ types: repeat (each Argument).Type) -> (repeat each Argument)? {
        guard var list = JSONScalarList(payload.bytes) else { return nil }
        do {
            let values = (repeat try list.next((each Argument).self))
            return list.isComplete ? values : nil
        } catch {
            return nil
        }
    }

    /// Decodes the keyword arguments as one value, such as a structure with a property for each name, or a dictionary.
    /// Returns `nil` when there are none.
    ///
    /// - Throws: ``ExchangeError/Code/invalidPayload`` when they are not of that type.
    public func decodeKeywords<Keywords: Decodable>(
        as type: Keywords.Type = Keywords.self,
        codecs: PayloadCodecs = .default
    ) throws(ExchangeError) -> Keywords? {
        try payload.decode(KeywordArguments<Keywords>.self, with: codecs).values
    }
}

private enum ArgumentKeys: String, CodingKey {
    case positional, keyword
}

/// The encoded form of the arguments: values of any number and types.
private struct ArgumentList: Encodable {
    let positional: [any Encodable]
    let keyword: [String: any Encodable]

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: ArgumentKeys.self)
        if !positional.isEmpty {
            var list = fields.nestedUnkeyedContainer(forKey: .positional)
            for value in positional { try list.encode(value) }
        }
        if !keyword.isEmpty {
            var names = fields.nestedContainer(keyedBy: AnyCodingKey.self, forKey: .keyword)
            for (name, value) in keyword { try names.encode(value, forKey: AnyCodingKey(stringValue: name)) }
        }
    }
}

/// The positional arguments of a decoded payload, taken in order.
private struct PositionalArguments: Decodable {
    private var list: (any UnkeyedDecodingContainer)?

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: ArgumentKeys.self)
        list = fields.contains(.positional) ? try fields.nestedUnkeyedContainer(forKey: .positional) : nil
    }

    var count: Int { list?.count ?? 0 }

    mutating func next<Value: Decodable>(_ type: Value.Type) throws(ExchangeError) -> Value {
        do {
            guard let value = try list?.decode(type) else {
                throw ExchangeError(.invalidPayload, "there are fewer positional arguments than expected")
            }
            return value
        } catch let error as ExchangeError {
            throw error
        } catch {
            throw ExchangeError(.invalidPayload, "a positional argument is not a \(type)", underlying: error)
        }
    }
}

/// Decodes the keyword arguments, if there are any.
private struct KeywordArguments<Keywords: Decodable>: Decodable {
    let values: Keywords?

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: ArgumentKeys.self)
        values = try fields.decodeIfPresent(Keywords.self, forKey: .keyword)
    }
}
