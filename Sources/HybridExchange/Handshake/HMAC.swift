internal import AgentExchange

/// The keyed hash of RFC 2104 over SHA-256.
enum HMAC {
    /// The size of a code, in bytes.
    static let size = 32

    private static let block = 64

    /// Returns the code of a message.
    static func code(of message: [UInt8], key: [UInt8]) -> [UInt8] {
        var padded = key.count > block ? SHA256.digest(of: key) : key
        padded += [UInt8](repeating: 0, count: block - padded.count)
        let inner = SHA256.digest(of: padded.map { $0 ^ 0x36 } + message)
        return SHA256.digest(of: padded.map { $0 ^ 0x5c } + inner)
    }

    /// Compares two codes. The time does not depend on the place of the first difference.
    static func areEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        guard one.count == other.count else { return false }
        var difference: UInt8 = 0
        for (first, second) in zip(one, other) { difference |= first ^ second }
        return difference == 0
    }
}
