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
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
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
