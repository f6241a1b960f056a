internal import CRabbitMQ

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Converts tables from and to the library's tables.
extension FieldTable {
    /// Returns the C form, valid until the arena is reset. `encodedSize` has checked its depth.
    func cTable(in arena: EncodingArena) -> amqp_table_t {
        let entries = unsafe arena.allocate(amqp_table_entry_t.self, count: count)
        for (index, entry) in self.enumerated() {
            unsafe (entries + index).initialize(
                to: amqp_table_entry_t(key: arena.copy(entry.name), value: entry.value.cValue(in: arena))
            )
        }
        return unsafe amqp_table_t(num_entries: Int32(count), entries: entries)
    }

    /// Makes a table from one that the library decoded. Values nested too deeply become null: any client may send such
    /// a message, and it must not cost the receiver its connection.
    init(_ table: amqp_table_t, _ texts: TextCache, depth: Int = 0) {
        var entries: [Entry] = []
        entries.reserveCapacity(Int(unsafe table.num_entries))
        for index in 0..<Int(unsafe table.num_entries) {
            let entry = unsafe table.entries[index]
            let value = unsafe FieldValue(entry.value, texts, depth: depth)
            entries.append(Entry(name: unsafe texts.text(entry.key), value: value))
        }
        self.init(entries)
    }
}

extension FieldValue {
    private static func kind(_ kind: amqp_field_value_kind_t) -> UInt8 { UInt8(truncatingIfNeeded: kind.rawValue) }

    fileprivate func cValue(in arena: EncodingArena) -> amqp_field_value_t {
        var out = unsafe amqp_field_value_t()
        switch self {
        case .bool(let value):
            unsafe out.kind = Self.kind(AMQP_FIELD_KIND_BOOLEAN)
            unsafe out.value.boolean = value ? 1 : 0
        case .int8(let value):
            unsafe out.kind = Self.kind(AMQP_FIELD_KIND_I8)
            unsafe out.value.i8 = value
        case .int16(let value):
            unsafe out.kind = Self.kind(AMQP_FIELD_KIND_I16)
            unsafe out.value.i16 = value
        case .int32(let value):
            unsafe out.kind = Self.kind(AMQP_FIELD_KIND_I32)
            unsafe out.value.i32 = value
        case .int64(let value):
            unsafe out.kind = Self.kind(AMQP_FIELD_KIND_I64)
            unsafe out.value.i64 = value
        case .uint8(let value):
            unsafe out.kind = Self.kind(AMQP_FIELD_KIND_U8)
            unsafe out.value.u8 = value
        case .uint16(let value):
            unsafe out.kind = Self.kind(AMQP_FIELD_KIND_U16)
            unsafe out.value.u16 = value
        case .uint32(let value):
            unsafe out.kind = Self.kind(AMQP_FIELD_KIND_U32)
            unsafe out.value.u32 = value
        case .uint64(let value):
            unsafe out.kind = Self.kind(AMQP_FIELD_KIND_U64)
            unsafe out.value.u64 = value
        case .float(let value):
            unsafe out.kind = Self.kind(AMQP_FIELD_KIND_F32)
            unsafe out.value.f32 = value
        case .double(let value):
            unsafe out.kind = Self.kind(AMQP_FIELD_KIND_F64)
            unsafe out.value.f64 = value
        case .timestamp(let value):
            unsafe out.kind = Self.kind(AMQP_FIELD_KIND_TIMESTAMP)
            unsafe out.value.u64 = value
        case .string(let value):
            unsafe out.kind = Self.kind(AMQP_FIELD_KIND_UTF8)
            unsafe out.value.bytes = arena.copy(value)
        case .bytes(let value):
            unsafe out.kind = Self.kind(AMQP_FIELD_KIND_BYTES)
            unsafe out.value.bytes = arena.copy(value)
        case .table(let value):
            unsafe out.kind = Self.kind(AMQP_FIELD_KIND_TABLE)
            unsafe out.value.table = value.cTable(in: arena)
        case .null:
            unsafe out.kind = Self.kind(AMQP_FIELD_KIND_VOID)
            unsafe out.value.u64 = 0
        case .decimal(let scale, let value):
            unsafe out.kind = Self.kind(AMQP_FIELD_KIND_DECIMAL)
            unsafe out.value.decimal = amqp_decimal_t(decimals: scale, value: value)
        case .array(let values):
            let entries = unsafe arena.allocate(amqp_field_value_t.self, count: values.count)
            for (index, value) in values.enumerated() {
                unsafe (entries + index).initialize(to: value.cValue(in: arena))
            }
            unsafe out.kind = Self.kind(AMQP_FIELD_KIND_ARRAY)
            unsafe out.value.array = amqp_array_t(
                num_entries: Int32(values.count),
                entries: entries
            )
        }
        return unsafe out
    }

    fileprivate init(_ field: amqp_field_value_t, _ texts: TextCache, depth: Int) {
        let value = unsafe field.value
        switch unsafe amqp_field_value_kind_t(rawValue: UInt32(field.kind)) {
        case AMQP_FIELD_KIND_BOOLEAN: self = unsafe .bool(value.boolean != 0)
        case AMQP_FIELD_KIND_I8: self = unsafe .int8(value.i8)
        case AMQP_FIELD_KIND_I16: self = unsafe .int16(value.i16)
        case AMQP_FIELD_KIND_I32: self = unsafe .int32(value.i32)
        case AMQP_FIELD_KIND_I64: self = unsafe .int64(value.i64)
        case AMQP_FIELD_KIND_U8: self = unsafe .uint8(value.u8)
        case AMQP_FIELD_KIND_U16: self = unsafe .uint16(value.u16)
        case AMQP_FIELD_KIND_U32: self = unsafe .uint32(value.u32)
        case AMQP_FIELD_KIND_U64: self = unsafe .uint64(value.u64)
        case AMQP_FIELD_KIND_F32: self = unsafe .float(value.f32)
        case AMQP_FIELD_KIND_F64: self = unsafe .double(value.f64)
        case AMQP_FIELD_KIND_TIMESTAMP: self = unsafe .timestamp(value.u64)
        case AMQP_FIELD_KIND_DECIMAL:
            self = unsafe .decimal(scale: value.decimal.decimals, value: value.decimal.value)
        case AMQP_FIELD_KIND_UTF8:
            if let text = unsafe texts.validText(value.bytes) {
                self = .string(text)
            } else {
                self = unsafe .bytes(Data(value.bytes.buffer))
            }
        case AMQP_FIELD_KIND_BYTES: self = unsafe .bytes(Data(value.bytes.buffer))
        case AMQP_FIELD_KIND_TABLE where depth < FieldTable.maximumDepth:
            self = .table(unsafe FieldTable(value.table, texts, depth: depth + 1))
        case AMQP_FIELD_KIND_ARRAY where depth < FieldTable.maximumDepth:
            var values: [FieldValue] = []
            for index in 0..<Int(unsafe value.array.num_entries) {
                values.append(unsafe FieldValue(value.array.entries[index], texts, depth: depth + 1))
            }
            self = .array(values)
        default: self = .null
        }
    }
}

extension amqp_bytes_t {
    /// The bytes in place, valid as long as the frame.
    var buffer: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: bytes, count: bytes == nil ? 0 : len) }
}

extension String {
    /// Makes a string of the bytes, with U+FFFD for invalid UTF-8.
    init(repairing bytes: amqp_bytes_t) {
        unsafe self.init(decoding: bytes.buffer, as: UTF8.self)
    }
}
