internal import Primitives

/// The reply to a request.
enum Reply: Sendable {
    case done
    case queue(QueueStatus)
    case count(Int)
    case message(Content?)
    case channel(ChannelKey, frameMax: Int, closed: OneShot<AMQPError?>)
}

/// Identifies a channel of a connection. The generation tells it apart from earlier channels with the same number.
struct ChannelKey: Hashable, Sendable {
    var number: UInt16
    var generation: UInt32
}

/// A request on its way to the I/O thread.
struct RequestSubmission: Sendable {
    enum Target: Sendable {
        case newChannel(confirms: Bool)
        case method(ChannelKey, OutgoingMethod, ReplyKind)
        case consume(ChannelKey, ConsumerDeclaration, DeliveryTarget)
        case closeChannel(ChannelKey)
    }

    var id: UInt64
    var target: Target
    var deadline: Deadline
    var waiter: Waiter<Reply>
}

/// A submission of another thread to the I/O thread of a connection.
enum Submission: Sendable {
    case open(Deadline)
    /// Take publications of the queue.
    case publish(Carrier, PublicationQueue)
    case request(RequestSubmission)
    /// Calls a function. Its publications go out in the same turn.
    case run(@Sendable () -> Void)
    case settle(ChannelKey, tag: UInt64, multiple: Bool, AcknowledgementCoalescer.Decision)
    /// Close a channel that is no longer used.
    case abandon(ChannelKey)
    case cancelRequest(UInt64)
    case close(Deadline)
}
