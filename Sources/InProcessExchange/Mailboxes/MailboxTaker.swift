internal import AgentExchange
internal import Synchronization

/// The functions that take everything from a mailbox, and a task that waits for the end.
///
/// Several threads hand over messages at once. The taker of a slot passes them on one at a time, in the order in which the
/// mailbox gave them out; a thread that finds another at work leaves its message to that one. A thread passes on a limited
/// number of them, then a task goes on, so that no sender is kept for the messages of others.
final class MailboxTaker: Sendable {
    private struct Order {
        var next = 0
        var early: [Int: MailboxDelivery] = [:]
        var isAtWork = false

        /// Begins to pass on a message, or leaves it to the thread at work.
        mutating func begin(_ delivery: MailboxDelivery, _ number: Int) -> MailboxDelivery? {
            early[number] = delivery
            return isAtWork ? nil : proceed()
        }

        /// Returns the next message to pass on, if it is there.
        mutating func proceed() -> MailboxDelivery? {
            let delivery = early.removeValue(forKey: next)
            isAtWork = delivery != nil
            if isAtWork { next += 1 }
            return delivery
        }
    }

    /// The number of messages that a sender's thread passes on.
    static let limit = 64

    private let take: @Sendable (Message) -> Void
    private let takeEvent: (@Sendable (EventDelivery) -> Void)?
    private let order = Mutex(Order())
    let end: CheckedContinuation<MailboxRefusal, Never>

    /// Whether the receiver takes events.
    var takesEvents: Bool { takeEvent != nil }

    init(
        _ take: @escaping @Sendable (Message) -> Void,
        events: (@Sendable (EventDelivery) -> Void)?,
        end: CheckedContinuation<MailboxRefusal, Never>
    ) {
        self.take = take
        self.takeEvent = events
        self.end = end
    }

    /// Passes a message on.
    ///
    /// - Parameter number: Its number among those handed to this taker, from 0.
    func take(_ delivery: MailboxDelivery, number: Int) {
        guard takesEvents else { return pass(delivery) }
        passOn(order.withLock { $0.begin(delivery, number) })
    }

    /// Passes on a message and those that follow it.
    private func passOn(_ first: MailboxDelivery?) {
        var next = first
        var left = Self.limit
        while let delivery = next {
            if left == 0 {
                Task { passOn(delivery) }
                return
            }
            left -= 1
            pass(delivery)
            next = order.withLock { $0.proceed() }
        }
    }

    /// Passes on a message that was in the mailbox before this taker waited.
    func pass(_ delivery: MailboxDelivery) {
        switch delivery {
        case .message(let message): take(message)
        case .event(let event): takeEvent?(event)
        }
    }
}
