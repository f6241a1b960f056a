internal import Foundation

/// Reads the output of a ``ByteWriter``, or foreign bytes.
struct ByteReader {
    private let buffer: UnsafeRawBufferPointer
    private var position = 0

    init(_ buffer: UnsafeRawBufferPointer) {
        self.buffer = buffer
    }

    var isAtEnd: Bool { position == buffer.count }

    mutating func bytes(_ count: Int) throws(PeerFrameError) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= buffer.count - position else { throw .truncated }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: buffer[position..<position + count])
    }

    mutating func byte() throws(PeerFrameError) -> UInt8 {
        guard position < buffer.count else { throw .truncated }
        defer { position += 1 }
        return buffer[position]
    }

    /// Reads a number of a fixed size.
    mutating func fixed<Number: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ type: Number.Type
    ) throws(PeerFrameError) -> Number {
        Number(bigEndian: try bytes(MemoryLayout<Number>.size).loadUnaligned(as: Number.self))
    }

    /// Reads a number of seven bits a byte, which must fit the type.
    mutating func number<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) throws(PeerFrameError) -> Number
    {
        var number: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try byte()
            let bits = UInt64(byte & 127)
            guard shift < 63 || (shift == 63 && bits < 2) else { throw .invalid("a number has too many bytes") }
            number |= bits << shift
            if byte < 128 { break }
            shift += 7
        }
        guard let value = Number(exactly: number) else { throw .invalid("a number is too large") }
        return value
    }

    mutating func uuid() throws(PeerFrameError) -> UUID {
        UUID(uuid: try bytes(16).loadUnaligned(as: uuid_t.self))
    }

    /// Reads a text after its length, with U+FFFD for invalid UTF-8.
    mutating func text(atMost limit: Int) throws(PeerFrameError) -> String {
        let count = try number(Int.self)
        guard count <= limit else { throw .invalid("a text has more than \(limit) bytes") }
        return String(decoding: try bytes(count), as: UTF8.self)
    }

    /// Returns the remaining bytes.
    mutating func rest() -> UnsafeRawBufferPointer {
        defer { position = buffer.count }
        return UnsafeRawBufferPointer(rebasing: buffer[position...])
    }

    /// Ends the body.
    func end() throws(PeerFrameError) {
        if !isAtEnd { throw .excess }
    }
}
