/// The times at which a peer that could not be reached is dialled again: a pure value.
///
/// The pause is 1 s at first, doubles with each failure up to 60 s, and is shortened by a random part, so that peers that lost
/// the same network do not dial together.
struct DialSchedule: Sendable, Hashable {
    typealias Instant = ContinuousClock.Instant

    private static let first = Duration.seconds(1)
    private static let longest = Duration.seconds(60)

    private var pause = first
    private(set) var next: Instant?

    /// Whether the peer may be dialled now.
    func isDue(at now: Instant) -> Bool { next.map { now >= $0 } ?? true }

    /// A dial failed.
    ///
    /// - Parameter share: A random number from 0 to 1: the part of half the pause that is left out.
    mutating func failed(at now: Instant, share: Double) {
        next = now + pause * (1 - min(max(share, 0), 1) / 2)
        pause = min(pause * 2, Self.longest)
    }

    /// A connection was made.
    mutating func succeeded() { self = DialSchedule() }
}
