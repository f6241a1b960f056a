internal import CRabbitMQ

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Caches texts that occur in every message, such as names of headers, exchanges and consumers, so that each is made
/// once. It is bounded: each text has one place, and replaces the text that was there.
final class TextCache {
    private static let places = 256
    private static let longest = 96

    private var texts = [String](repeating: "", count: places)

    /// Returns the text, with U+FFFD for invalid UTF-8.
    func text(_ bytes: amqp_bytes_t) -> String {
        unsafe validText(bytes) ?? String(repairing: bytes)
    }

    /// Returns the text, or `nil` when the bytes are not UTF-8.
    func validText(_ bytes: amqp_bytes_t) -> String? {
        let buffer = unsafe bytes.buffer
        // A string stores up to 15 bytes inline.
        guard buffer.count > 15, buffer.count <= Self.longest else {
            return unsafe Self.valid(buffer)
        }
        let place = unsafe Self.place(of: buffer)
        if unsafe Self.isSame(texts[place], buffer) { return texts[place] }
        guard let text = unsafe Self.valid(buffer) else { return nil }
        texts[place] = text
        return text
    }

    private static func place(of buffer: UnsafeRawBufferPointer) -> Int {
        let count = buffer.count
        let first = unsafe buffer.loadUnaligned(fromByteOffset: 0, as: UInt64.self)
        let middle = unsafe buffer.loadUnaligned(fromByteOffset: count / 2, as: UInt64.self)
        let last = unsafe buffer.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
        let mixed = (first ^ middle &* 3 ^ last &* 7 ^ UInt64(count)) &* 0x9e37_79b9_7f4a_7c15
        return Int(mixed >> 56)
    }

    /// Returns the text if repairing changed nothing, which is several times faster than `String(validating:as:)`.
    private static func valid(_ buffer: UnsafeRawBufferPointer) -> String? {
        let text = unsafe String(decoding: buffer, as: UTF8.self)
        return unsafe isSame(text, buffer) ? text : nil
    }

    private static func isSame(_ text: String, _ buffer: UnsafeRawBufferPointer) -> Bool {
        let isSame = unsafe text.utf8.withContiguousStorageIfAvailable { text in
            guard text.count == buffer.count else { return false }
            guard let one = text.baseAddress, let other = buffer.baseAddress else { return true }
            return unsafe memcmp(one, other, text.count) == 0
        }
        return isSame ?? false
    }
}
