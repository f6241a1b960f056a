internal import Synchronization

/// How many messages went through the transports of an exchange.
public final class Counter: Sendable {
    private let sentMessages = Atomic(0)
    private let receivedMessages = Atomic(0)

    /// Counts nothing yet.
    public init() {}

    /// Messages whose send began.
    public var sent: Int { sentMessages.load(ordering: .relaxed) }

    /// Messages that were handed out.
    public var received: Int { receivedMessages.load(ordering: .relaxed) }

    func countSent() { sentMessages.add(1, ordering: .relaxed) }

    func countReceived() { receivedMessages.add(1, ordering: .relaxed) }
}
