/// Sizes on the wire, computed before writing: a table that does not fit its frame would break the channel.
extension FieldTable {
    /// The deepest nesting of tables and arrays that is sent or accepted.
    static let maximumDepth = 64

    /// Returns the bytes on the wire, including the four bytes of the length.
    ///
    /// - Throws: ``AMQPError`` `nameTooLong` for a name above 255 bytes, `frameTooLarge` for nesting that is too deep.
    func encodedSize(depth: Int = 0) throws(AMQPError) -> Int {
        try FieldValue.check(depth: depth)
        var size = 4
        for entry in entries {
            let name = entry.name.utf8.count
            guard name <= 255 else {
                throw AMQPError(
                    code: .nameTooLong,
                    delivery: .notSent,
                    message: "A table has a name of \(name) bytes; 255 are allowed."
                )
            }
            size += try 1 + name + entry.value.encodedSize(depth: depth)
        }
        return size
    }
}

extension FieldValue {
    fileprivate static func check(depth: Int) throws(AMQPError) {
        guard depth <= FieldTable.maximumDepth else {
            throw AMQPError(
                code: .frameTooLarge,
                delivery: .notSent,
                message: "A table is nested deeper than \(FieldTable.maximumDepth) levels."
            )
        }
    }

    fileprivate func encodedSize(depth: Int) throws(AMQPError) -> Int {
        switch self {
        case .null: return 1
        case .bool, .int8, .uint8: return 2
        case .int16, .uint16: return 3
        case .int32, .uint32, .float: return 5
        case .decimal: return 6
        case .int64, .uint64, .double, .timestamp: return 9
        case .string(let text): return 5 + text.utf8.count
        case .bytes(let bytes): return 5 + bytes.count
        case .table(let table): return try 1 + table.encodedSize(depth: depth + 1)
        case .array(let values):
            try Self.check(depth: depth + 1)
            var size = 5
            for value in values { size += try value.encodedSize(depth: depth + 1) }
            return size
        }
    }
}
