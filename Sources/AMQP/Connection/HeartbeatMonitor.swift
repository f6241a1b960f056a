/// When to send a heartbeat and when to give the peer up, by our own clock.
struct HeartbeatMonitor {
    typealias Instant = ContinuousClock.Instant

    /// `nil` when heartbeats are off.
    private let sendAfter: Duration?
    private let patience: Duration
    private var lastSent: Instant
    private var lastReceived: Instant

    /// An interval of zero switches heartbeats off.
    init(interval: Duration, now: Instant) {
        // Here, not each time: these are asked in every turn, and a duration has 128 bits.
        sendAfter = interval > .zero ? interval / 2 : nil
        patience = interval * 2
        lastSent = now
        lastReceived = now
    }

    mutating func sent(_ now: Instant) { lastSent = now }

    mutating func received(_ now: Instant) { lastReceived = now }

    /// Whether nothing was sent for half an interval.
    func mustSend(_ now: Instant) -> Bool {
        guard let sendAfter else { return false }
        return lastSent.duration(to: now) >= sendAfter
    }

    /// Whether nothing was received for two intervals.
    func isPeerSilent(_ now: Instant) -> Bool {
        sendAfter != nil && lastReceived.duration(to: now) >= patience
    }

    /// When to look again.
    var next: Instant? {
        sendAfter.map { min(lastSent + $0, lastReceived + patience) }
    }
}
