#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// An ordered table of named values: message headers, queue and consumer arguments, broker properties.
///
/// Names are at most 255 bytes. If a name occurs twice on the wire, both entries are kept; ``subscript(_:)`` returns
/// the first.
public struct FieldTable: Sendable, Hashable {
    /// One named value.
    public struct Entry: Sendable, Hashable {
        /// The name, at most 255 bytes.
        public var name: String
        /// The value.
        public var value: FieldValue

        /// Creates an entry.
        public init(name: String, value: FieldValue) {
            self.name = name
            self.value = value
        }
    }

    /// The entries in their order on the wire.
    public private(set) var entries: [Entry]

    /// Creates a table from entries, or an empty one.
    public init(_ entries: [Entry] = []) {
        self.entries = entries
    }

    /// Creates an empty table with a capacity.
    public init(minimumCapacity: Int) {
        entries = []
        entries.reserveCapacity(minimumCapacity)
    }

    /// Whether there is no entry.
    public var isEmpty: Bool { entries.isEmpty }

    /// The number of entries.
    public var count: Int { entries.count }

    /// The first value with this name. Setting a value replaces or appends it; setting `nil` removes every entry with
    /// the name.
    public subscript(name: String) -> FieldValue? {
        get { entries.first { $0.name == name }?.value }
        set {
            guard let newValue else {
                entries.removeAll { $0.name == name }
                return
            }
            if let index = entries.firstIndex(where: { $0.name == name }) {
                entries[index].value = newValue
            } else {
                entries.append(Entry(name: name, value: newValue))
            }
        }
    }

    mutating func append(_ name: String, _ value: FieldValue) {
        entries.append(Entry(name: name, value: value))
    }
}

extension FieldTable: ExpressibleByDictionaryLiteral {
    /// Creates a table with the entries in the written order.
    public init(dictionaryLiteral elements: (String, FieldValue)...) {
        self.init(elements.map { Entry(name: $0.0, value: $0.1) })
    }
}

extension FieldTable: Sequence {
    /// Iterates over the entries in order.
    public func makeIterator() -> IndexingIterator<[Entry]> { entries.makeIterator() }
}

/// A value in a header or argument table, with its type on the wire.
public enum FieldValue: Sendable, Hashable {
    /// A Boolean (`t`).
    case bool(Bool)
    /// A signed 8-bit integer (`b`).
    case int8(Int8)
    /// A signed 16-bit integer (`s`).
    case int16(Int16)
    /// A signed 32-bit integer (`I`).
    case int32(Int32)
    /// A signed 64-bit integer (`l`), which RabbitMQ itself uses for most numbers.
    case int64(Int64)
    /// An unsigned 8-bit integer (`B`).
    case uint8(UInt8)
    /// An unsigned 16-bit integer (`u`).
    case uint16(UInt16)
    /// An unsigned 32-bit integer (`i`).
    case uint32(UInt32)
    /// An unsigned 64-bit integer (`L`). RabbitMQ 3.10 does not know this type and closes the connection.
    case uint64(UInt64)
    /// A 32-bit floating point number (`f`).
    case float(Float)
    /// A 64-bit floating point number (`d`).
    case double(Double)
    /// `value` divided by ten to the power of `scale` (`D`).
    case decimal(scale: UInt8, value: UInt32)
    /// Text (`S`). Received text that is not UTF-8 becomes ``bytes(_:)``.
    case string(String)
    /// Bytes (`x`).
    case bytes(Data)
    /// Seconds since 1970 (`T`).
    case timestamp(UInt64)
    /// A list of values (`A`).
    case array([FieldValue])
    /// A nested table (`F`).
    case table(FieldTable)
    /// Nothing (`V`).
    case null
}

extension FieldValue {
    /// The text of a string; `nil` for other values.
    public var stringValue: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The number of an integer of any width, if it fits; `nil` for other values.
    public var integerValue: Int64? {
        switch self {
        case .int8(let value): Int64(value)
        case .int16(let value): Int64(value)
        case .int32(let value): Int64(value)
        case .int64(let value): value
        case .uint8(let value): Int64(value)
        case .uint16(let value): Int64(value)
        case .uint32(let value): Int64(value)
        case .uint64(let value), .timestamp(let value): Int64(exactly: value)
        default: nil
        }
    }

    /// The value of a Boolean; `nil` for other values.
    public var boolValue: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The nested table; `nil` for other values.
    public var tableValue: FieldTable? {
        if case .table(let value) = self { value } else { nil }
    }

    /// The list; `nil` for other values.
    public var arrayValue: [FieldValue]? {
        if case .array(let value) = self { value } else { nil }
    }
}

extension FieldValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    /// A ``string(_:)``.
    public init(stringLiteral value: String) { self = .string(value) }
    /// An ``int64(_:)``.
    public init(integerLiteral value: Int64) { self = .int64(value) }
    /// A ``bool(_:)``.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}
