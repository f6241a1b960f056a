/// A value of an AMQP table as the broker shows it in JSON.
public enum JSONValue: Sendable, Hashable, Decodable {
    /// Void.
    case null
    /// A truth value.
    case bool(Bool)
    /// Any whole number that fits.
    case integer(Int)
    /// Any other number.
    case number(Double)
    /// A text.
    case string(String)
    /// A list.
    case array([JSONValue])
    /// A table.
    case object([String: JSONValue])

    /// Decodes any value.
    public init(from decoder: any Decoder) throws {
        // Lists and tables first: each of the other questions would decode all that is in them.
        if var list = try? decoder.unkeyedContainer() {
            var values: [JSONValue] = []
            while !list.isAtEnd { values.append(try list.decode(JSONValue.self)) }
            self = .array(values)
            return
        }
        if let table = try? decoder.container(keyedBy: AnyKey.self) {
            self = .object(
                try table.allKeys.reduce(into: [:]) {
                    $0[$1.stringValue] = try table.decode(JSONValue.self, forKey: $1)
                }
            )
            return
        }
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else {
            self = .string(try container.decode(String.self))
        }
    }

    /// The name of a field.
    private struct AnyKey: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { return nil }
    }

    /// The text, when it is one.
    public var string: String? { if case .string(let value) = self { value } else { nil } }
    /// The whole number, when it is one.
    public var integer: Int? { if case .integer(let value) = self { value } else { nil } }
    /// The truth value, when it is one.
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    /// A field of a table.
    public subscript(key: String) -> JSONValue? { if case .object(let fields) = self { fields[key] } else { nil } }

    /// A table, which `rabbitmqctl` prints as a list of name, type and value; anything else is an empty table.
    var fields: [String: JSONValue] {
        if case .object(let fields) = self { return fields }
        guard case .array(let entries) = self else { return [:] }
        var fields: [String: JSONValue] = [:]
        for case .array(let entry) in entries where entry.count == 3 {
            guard let name = entry[0].string else { continue }
            fields[name] = entry[1].string == "table" ? .object(entry[2].fields) : entry[2]
        }
        return fields
    }
}
