package import Foundation

extension Duration {
    /// The longest time that is computed with: a hundred years. More means "never", and the timers of the system do not
    /// reach much further.
    package static let longest = Duration.seconds(100 * 365 * 86_400)

    /// The duration, at most a hundred years to either side: instants, dates and timers can be made of it.
    package var bounded: Duration { min(max(self, .zero - .longest), .longest) }
}

extension ContinuousClock.Instant {
    /// The instant after a duration of any size, at most a hundred years away.
    package static func after(_ duration: Duration) -> ContinuousClock.Instant { .now + duration.bounded }

    /// The instant of a date of any size, by the wall clock as it is now, at most a hundred years away.
    package static func at(_ date: Date) -> ContinuousClock.Instant { .now + Duration(until: date) }
}

extension Duration {
    /// The time from now to a date, at most a hundred years to either side.
    package init(until date: Date) {
        let limit = Duration.longest / .seconds(1)
        let seconds = date.timeIntervalSinceNow
        self = .seconds(min(max(seconds.isNaN ? limit : seconds, -limit), limit))
    }
}

extension Date {
    /// The date after a duration of any size, at most a hundred years away.
    package static func after(_ duration: Duration) -> Date {
        Date(timeIntervalSinceNow: duration.bounded / .seconds(1))
    }

    /// The whole milliseconds from another date to this one; the nearest number where that does not fit.
    package func milliseconds(since other: Date) -> Int64 {
        let (difference, isOver) = millisecondsSince1970.subtractingReportingOverflow(other.millisecondsSince1970)
        guard isOver else { return difference }
        return self < other ? .min : .max
    }
}
