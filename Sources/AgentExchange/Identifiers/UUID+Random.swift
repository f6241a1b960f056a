package import Foundation
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#endif

extension UUID {
    /// Returns a random UUID (version 4), like `UUID()`. On Linux `UUID()` opens a device file each time, which took a
    /// fourteenth of the time of an in-process action. This function requests random bytes from the system for many
    /// UUIDs at a time.
    package static func random() -> UUID {
        let (first, second) = randomWords.withLock { $0.next() }
        let high = first & ~0xf000 | 0x4000
        let low = second & ~(0b11 << 62) | 0b10 << 62
        func byte(_ word: UInt64, _ index: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: word >> (56 - 8 * index)) }
        return UUID(
            uuid: (
                byte(high, 0), byte(high, 1), byte(high, 2), byte(high, 3), byte(high, 4), byte(high, 5),
                byte(high, 6), byte(high, 7), byte(low, 0), byte(low, 1), byte(low, 2), byte(low, 3), byte(low, 4),
                byte(low, 5), byte(low, 6), byte(low, 7)
            )
        )
    }

    private static let randomWords = Mutex(RandomWords())
}

/// Random words from the system, requested many at a time and used once each.
private struct RandomWords {
    /// 256 bytes: the most that `getentropy` returns at a time.
    private static let count = 32
    private var words = [UInt64](repeating: 0, count: count)
    private var left = 0

    mutating func next() -> (UInt64, UInt64) {
        if left < 2 { fill() }
        left -= 2
        return (words[left], words[left + 1])
    }

    private mutating func fill() {
        left = Self.count
        #if canImport(Glibc)
            if words.withUnsafeMutableBytes({ getentropy($0.baseAddress, $0.count) }) == 0 { return }
        #endif
        var generator = SystemRandomNumberGenerator()
        for index in words.indices { words[index] = generator.next() }
    }
}
