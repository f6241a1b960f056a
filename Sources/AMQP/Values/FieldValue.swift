#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

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
