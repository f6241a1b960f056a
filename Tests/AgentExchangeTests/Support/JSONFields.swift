import Foundation

/// A JSON object that tests take apart and put together.
struct JSONFields: Equatable, ExpressibleByDictionaryLiteral {
    /// A JSON value, as far as the tests need.
    enum Value: Equatable, Codable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral
    {
        case string(String)
        case number(Int64)
        case flag(Bool)
        case list([Value])
        case object([String: Value])

        init(stringLiteral value: String) { self = .string(value) }
        init(integerLiteral value: Int64) { self = .number(value) }
        init(booleanLiteral value: Bool) { self = .flag(value) }

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let flag = try? value.decode(Bool.self) {
                self = .flag(flag)
            } else if let number = try? value.decode(Int64.self) {
                self = .number(number)
            } else if let string = try? value.decode(String.self) {
                self = .string(string)
            } else if let list = try? value.decode([Value].self) {
                self = .list(list)
            } else {
                self = .object(try value.decode([String: Value].self))
            }
        }

        func encode(to encoder: any Encoder) throws {
            var value = encoder.singleValueContainer()
            switch self {
            case .string(let string): try value.encode(string)
            case .number(let number): try value.encode(number)
            case .flag(let flag): try value.encode(flag)
            case .list(let list): try value.encode(list)
            case .object(let fields): try value.encode(fields)
            }
        }
    }

    private(set) var fields: [String: Value]

    /// The object that a value is encoded as.
    init(_ value: some Encodable) throws {
        fields = try JSONDecoder().decode([String: Value].self, from: JSONEncoder().encode(value))
    }

    init(dictionaryLiteral elements: (String, Value)...) {
        fields = Dictionary(uniqueKeysWithValues: elements)
    }

    subscript(_ name: String) -> Value? { fields[name] }

    var names: Set<String> { Set(fields.keys) }

    /// The object as a value within another.
    var value: Value { .object(fields) }

    func setting(_ name: String, _ value: Value) -> JSONFields {
        var copy = self
        copy.fields[name] = value
        return copy
    }

    func removing(_ name: String) -> JSONFields {
        var copy = self
        copy.fields[name] = nil
        return copy
    }

    func decode<Decoded: Decodable>(_ type: Decoded.Type, with decoder: JSONDecoder = JSONDecoder()) throws -> Decoded {
        try decoder.decode(type, from: JSONEncoder().encode(fields))
    }
}
