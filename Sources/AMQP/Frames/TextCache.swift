internal import CRabbitMQ

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Texts that come with every message, such as names of headers, exchanges and consumers: each is made once, and not again
/// for each message. Bounded: a text has one place, and drives out what was there.
final class TextCache {
    private static let places = 256
    private static let longest = 96

    private var texts = [String](repeating: "", count: places)

    /// The text, with U+FFFD for what is not UTF-8.
    func text(_ bytes: amqp_bytes_t) -> String {
        unsafe validText(bytes) ?? String(repairing: bytes)
    }

    /// The text; `nil` when the bytes are not UTF-8.
    func validText(_ bytes: amqp_bytes_t) -> String? {
        let buffer = unsafe bytes.buffer
        // Up to 15 bytes a string has its text in itself.
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

    /// The text, if repairing it changed nothing: several times quicker than `String(validating:as:)`.
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
