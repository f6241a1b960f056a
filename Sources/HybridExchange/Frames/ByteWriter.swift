internal import Foundation

/// Writes the fields of frames.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int = 0) {
        bytes.reserveCapacity(capacity)
    }

    mutating func write(byte: UInt8) { bytes.append(byte) }

    /// Writes a number of a fixed size, big-endian.
    mutating func write<Number: FixedWidthInteger & UnsignedInteger>(fixed number: Number) {
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// Writes a number, seven bits a byte, the lowest first.
    mutating func write(_ number: UInt64) {
        var rest = number
        while rest > 127 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 128)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func write(_ uuid: UUID) {
        withUnsafeBytes(of: uuid.uuid) { bytes.append(contentsOf: $0) }
    }

    /// Writes a text after its length in bytes.
    mutating func write(_ text: String) {
        write(UInt64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    mutating func write(rest: some Sequence<UInt8>) { bytes.append(contentsOf: rest) }

    /// Makes room for a length, and returns its place.
    mutating func beginFrame() -> Int {
        bytes.append(contentsOf: [0, 0, 0, 0])
        return bytes.count
    }

    /// Writes the length of everything behind its place.
    mutating func endFrame(_ start: Int) {
        let length = UInt32(truncatingIfNeeded: bytes.count - start)
        for place in 0..<4 { bytes[start - 4 + place] = UInt8(truncatingIfNeeded: length >> (24 - 8 * place)) }
    }
}
