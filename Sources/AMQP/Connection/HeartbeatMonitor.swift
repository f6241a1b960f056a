/// When to send a heartbeat and when to give the peer up, by our own clock.
struct HeartbeatMonitor {
    typealias Instant = ContinuousClock.Instant

    private let interval: Duration
    private var lastSent: Instant
    private var lastReceived: Instant

    /// An interval of zero switches heartbeats off.
    init(interval: Duration, now: Instant) {
        self.interval = interval
        lastSent = now
        lastReceived = now
    }

    mutating func sent(_ now: Instant) { lastSent = now }

    mutating func received(_ now: Instant) { lastReceived = now }

    /// Whether nothing was sent for half an interval.
    func mustSend(_ now: Instant) -> Bool { interval > .zero && lastSent.duration(to: now) >= interval / 2 }

    /// Whether nothing was received for two intervals.
    func isPeerSilent(_ now: Instant) -> Bool { interval > .zero && lastReceived.duration(to: now) >= interval * 2 }

    /// When to look again.
    var next: Instant? {
        interval > .zero ? min(lastSent + interval / 2, lastReceived + interval * 2) : nil
    }
}
