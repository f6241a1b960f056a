internal import Foundation

/// The clocks of a runtime, which tests set.
struct WorkerClock: Sendable {
    /// The time of day, which other machines share.
    var date: @Sendable () -> Date = { .now }

    /// The time in this process.
    var now: @Sendable () -> ContinuousClock.Instant = { .now }
}
