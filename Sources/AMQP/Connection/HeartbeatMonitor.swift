/// Decides when to send a heartbeat and when the peer counts as dead, by the local clock.
struct HeartbeatMonitor {
    typealias Instant = ContinuousClock.Instant

    /// `nil` when heartbeats are disabled.
    private let sendAfter: Duration?
    private let patience: Duration
    private var lastSent: Instant
    private var lastReceived: Instant

    /// An interval of zero disables heartbeats.
    init(interval: Duration, now: Instant) {
        // Computed once: they are compared in every turn, and a duration has 128 bits.
        sendAfter = interval > .zero ? interval / 2 : nil
        patience = interval * 2
        lastSent = now
        lastReceived = now
    }

    mutating func sent(_ now: Instant) { lastSent = now }

    mutating func received(_ now: Instant) { lastReceived = now }

    /// Returns whether nothing was sent for half an interval.
    func mustSend(_ now: Instant) -> Bool {
        guard let sendAfter else { return false }
        return lastSent.duration(to: now) >= sendAfter
    }

    /// Returns whether nothing was received for two intervals.
    func isPeerSilent(_ now: Instant) -> Bool {
        sendAfter != nil && lastReceived.duration(to: now) >= patience
    }

    /// The time of the next check.
    var next: Instant? {
        sendAfter.map { min(lastSent + $0, lastReceived + patience) }
    }
}
