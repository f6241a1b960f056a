/// Tells a living connection from a dead one: a pure value.
///
/// A connection is given up when nothing came for two intervals, when bytes wait and none could be written for two
/// intervals, or when its proof through the broker is older than its renewal.
struct Pulse: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// A step that is due.
    enum Step: Sendable, Hashable {
        /// Send a `ping` with this number.
        case ping(UInt64)
        case giveUp(PeerEnding)
    }

    private let interval: Duration
    private let renewal: Duration
    private var lastReceived: Instant
    private var lastWritten: Instant
    private var lastPing: Instant
    private var lastProof: Instant
    private var pings: UInt64 = 0
    private var isWaiting = false

    init(interval: Duration, renewal: Duration, now: Instant) {
        self.interval = interval
        self.renewal = renewal
        lastReceived = now
        lastWritten = now
        lastPing = now
        lastProof = now
    }

    /// Bytes came.
    mutating func received(at now: Instant) { lastReceived = now }

    /// The kernel took bytes. `isWaiting` tells whether others wait.
    mutating func wrote(isWaiting: Bool, at now: Instant) {
        self.isWaiting = isWaiting
        lastWritten = now
    }

    /// Bytes were given to the kernel, which may not take them.
    mutating func write(at now: Instant) {
        guard !isWaiting else { return }
        isWaiting = true
        lastWritten = now
    }

    /// The peer proved anew, through the broker, that it may send.
    mutating func renew(at now: Instant) { lastProof = now }

    /// The time of the next ``tick(at:)``.
    var deadline: Instant {
        let silence = min(max(lastReceived, lastPing) + interval, lastReceived + interval * 2)
        let proof = min(silence, lastProof + renewal)
        return isWaiting ? min(proof, lastWritten + interval * 2) : proof
    }

    /// Looks at the clock. Call it at ``deadline``.
    mutating func tick(at now: Instant) -> Step? {
        if now >= lastProof + renewal { return .giveUp(.proofExpired) }
        if now >= lastReceived + interval * 2 { return .giveUp(.silent) }
        if isWaiting, now >= lastWritten + interval * 2 { return .giveUp(.stalled) }
        guard now >= max(lastReceived, lastPing) + interval else { return nil }
        lastPing = now
        pings += 1
        return .ping(pings)
    }
}
