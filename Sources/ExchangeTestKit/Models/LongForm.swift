import Foundation

/// The two forms of a test: a short one, which each run of the tests has time for, and a long one.
///
/// `make test-long` sets `WARREN_FULL=1`, which asks for the long forms.
public enum LongForm {
    /// Whether the long form is wanted: more rounds, or minutes of time.
    public static var isWanted: Bool { ProcessInfo.processInfo.environment["WARREN_FULL"] == "1" }

    /// Returns so many seeds in a row for generated sequences. They begin anywhere, so each run tries others.
    public static func seeds(_ short: UInt64, long: UInt64) -> Range<UInt64> {
        let count = isWanted ? long : short
        let first = UInt64.random(in: 0 ... .max - count)
        return first..<(first + count)
    }
}
