/// The time for which a session may take direct requests without a look at the broker: a pure value.
///
/// The broker may give the mailboxes of a session that it can't reach to another one. A renewal is a message through the
/// session's own queue together with an answered method on the consuming connection: each proves one direction that the
/// other does not. The lease counts from the *beginning* of a renewal, so it ends before the broker can have given up a
/// connection that was alive then. The clock must count the time that the machine sleeps.
struct OwnershipLease: Sendable, Hashable {
    typealias Instant = ContinuousClock.Instant

    private struct Renewal: Sendable, Hashable {
        let number: UInt64
        let start: Instant
        var hasReturned = false
        var isAnswered = false
    }

    /// The time for which a renewal counts.
    let duration: Duration

    private var renewals: [Renewal] = []
    private var lastNumber: UInt64 = 0
    private var lastStart: Instant?
    private var end: Instant?
    private var isNeeded = false

    init(duration: Duration = .seconds(4)) {
        self.duration = duration
    }

    /// Whether the session may take a direct request now. Look at it before each.
    func isValid(at now: Instant) -> Bool { end.map { now < $0 } ?? false }

    /// The time for which it is valid still.
    func left(at now: Instant) -> Duration { max(.zero, end.map { now.duration(to: $0) } ?? .zero) }

    /// The time of the next ``tick(at:)``; `nil` while no lane needs the lease.
    var deadline: Instant? {
        guard isNeeded, let lastStart else { return nil }
        return lastStart + duration / 3
    }

    /// The session has lanes from now on. Returns the number of the renewal to begin, if one is due.
    mutating func begin(at now: Instant) -> UInt64? {
        isNeeded = true
        return tick(at: now)
    }

    /// The session has no lanes any more. The lease ends by itself.
    mutating func stop() { isNeeded = false }

    /// Looks at the clock. Returns the number of the renewal to begin: send a message with it through the session's own
    /// queue, and a method that is answered on the consuming connection.
    mutating func tick(at now: Instant) -> UInt64? {
        guard isNeeded, lastStart.map({ now >= $0 + duration / 3 }) ?? true else { return nil }
        renewals.removeAll { [duration] renewal in now >= renewal.start + duration }
        lastNumber += 1
        lastStart = now
        renewals.append(Renewal(number: lastNumber, start: now))
        return lastNumber
    }

    /// The message of a renewal came back.
    mutating func returned(_ number: UInt64) { change(number) { $0.hasReturned = true } }

    /// The method of a renewal was answered.
    mutating func answered(_ number: UInt64) { change(number) { $0.isAnswered = true } }

    /// A connection to the broker was lost, or a mailbox may have another owner: nothing counts that began before.
    /// Call ``begin(at:)`` when the connections are back.
    mutating func lose() {
        renewals = []
        lastStart = nil
        end = nil
        isNeeded = false
    }

    private mutating func change(_ number: UInt64, _ change: (inout Renewal) -> Void) {
        guard let index = renewals.firstIndex(where: { $0.number == number }) else { return }
        change(&renewals[index])
        guard renewals[index].hasReturned, renewals[index].isAnswered else { return }
        let proven = renewals[index].start + duration
        end = max(end ?? proven, proven)
        // Earlier ones prove less.
        renewals.removeSubrange(...index)
    }
}
