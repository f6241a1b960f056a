/// A receiver that waits for messages of a mailbox.
struct MailboxWait<Waiter> {
    let waiter: Waiter
    let number: Int
    let deadline: ContinuousClock.Instant?
    /// Whether it takes every message, rather than only the next one.
    let isStanding: Bool
    /// Whether it takes events too. Only a standing one does.
    let takesEvents: Bool
    /// The number of results that a standing one was given.
    var given = 0

    /// The wait after one more result.
    var next: MailboxWait {
        var next = self
        next.given += 1
        return next
    }
}

extension MailboxWait: Sendable where Waiter: Sendable {}
