package import Foundation

extension Duration {
    /// The longest duration used in arithmetic: a hundred years. Longer durations mean "never"; system timers do not
    /// reach much further.
    package static let longest = Duration.seconds(100 * 365 * 86_400)

    /// The duration, limited to a hundred years in both directions, so that instants, dates and timers can be made of
    /// it.
    package var bounded: Duration { min(max(self, .zero - .longest), .longest) }
}

extension ContinuousClock.Instant {
    /// Returns the instant after a duration of any size, at most a hundred years away.
    package static func after(_ duration: Duration) -> ContinuousClock.Instant { .now + duration.bounded }

    /// Returns the instant of a date of any size by the current wall clock, at most a hundred years away.
    package static func at(_ date: Date) -> ContinuousClock.Instant {
        // The wall clock is read first: a thread that stands still in between makes the instant later, never earlier.
        let left = Duration(until: date)
        return .now + left
    }
}

extension Duration {
    /// Makes the duration from now to a date, limited to a hundred years in both directions.
    package init(until date: Date) {
        let limit = Duration.longest / .seconds(1)
        let seconds = date.timeIntervalSinceNow
        self = .seconds(min(max(seconds.isNaN ? limit : seconds, -limit), limit))
    }
}

extension Date {
    /// Returns the date after a duration of any size, at most a hundred years away.
    package static func after(_ duration: Duration) -> Date {
        Date(timeIntervalSinceNow: duration.bounded / .seconds(1))
    }

    /// Returns the whole milliseconds from another date to this one, saturated to the range of `Int64`.
    package func milliseconds(since other: Date) -> Int64 {
        let (difference, isOver) = millisecondsSince1970.subtractingReportingOverflow(other.millisecondsSince1970)
        guard isOver else { return difference }
        return self < other ? .min : .max
    }
}
