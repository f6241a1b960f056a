internal import Foundation

/// Random numbers that repeat with the same seed (SplitMix64).
///
/// Put the generator, or its ``seed``, into the failure message of a generated test: `WARREN_SEED=<seed> swift test`
/// then runs the same sequence.
public struct SeededGenerator: RandomNumberGenerator, Sendable, CustomStringConvertible {
    /// The seed of the sequence.
    public let seed: UInt64
    private var state: UInt64

    /// The seed of this process: `WARREN_SEED` (decimal, or hexadecimal after `0x`), or a random one.
    public static let processSeed: UInt64 = {
        guard let text = ProcessInfo.processInfo.environment["WARREN_SEED"] else { return .random(in: .min ... .max) }
        let seed = text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text)
        return seed ?? .random(in: .min ... .max)
    }()

    /// Makes a generator with a seed, by default that of the process.
    public init(seed: UInt64 = Self.processSeed) {
        self.seed = seed
        state = seed
    }

    /// Returns the next number.
    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// `WARREN_SEED=<seed>`, ready for a command line.
    public var description: String { "WARREN_SEED=\(seed)" }
}
