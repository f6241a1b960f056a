internal import AMQP
internal import Foundation

/// The proof that this process holds a request. It settles the request, or gives it back.
enum Receipt: Sendable {
    /// An unacknowledged delivery of the broker.
    case delivery(Delivery)
    /// A request that came past the broker. Its requester has a copy; nothing has to be settled.
    case direct(DirectHold)

    /// Whether it has no effect any more: the request is delivered again without it.
    var isVoid: Bool {
        switch self {
        case .delivery(let delivery): !delivery.channel.isOpen
        case .direct: false
        }
    }

    /// Settles the request, which is not delivered again.
    func settle() {
        switch self {
        case .delivery(let delivery): delivery.acknowledge()
        case .direct: break
        }
    }

    /// Settles the request when the connection's thread runs next.
    ///
    /// - Returns: The descriptor that wakes the thread, if it has to be woken.
    func placeSettlement() -> WakeDescriptor? {
        switch self {
        case .delivery(let delivery): delivery.channel.placeAcknowledgement(of: delivery.deliveryTag)
        case .direct: nil
        }
    }

    /// The session that sent the request past the broker.
    var peer: UUID? {
        switch self {
        case .delivery: nil
        case .direct(let hold): hold.peer
        }
    }
}

/// The place for the answer to a request.
package enum ReplyWay: Sendable, Hashable {
    /// The queue of the session that sent the request. The session accepts messages with several answers of at most
    /// `together` bytes, or none when that is 0.
    case session(queue: String, together: Int)
    /// The mailbox of the requester.
    case mailbox

    /// Reads the place from a request's properties. A queue that belongs to no session of the namespace is not used.
    init(_ properties: MessageProperties, in names: ExchangeNames) {
        guard let queue = properties.replyTo, queue.hasPrefix(names.sessionPrefix) else {
            self = .mailbox
            return
        }
        let limit = properties.headers[Header.together]?.integerValue ?? 0
        self = .session(queue: queue, together: Int(min(max(0, limit), Int64(ResponseBatch.maximumBytes))))
    }

    /// The largest message with several answers that is accepted there, in bytes; 0 when none is.
    var together: Int {
        switch self {
        case .session(_, let limit): limit
        case .mailbox: 0
        }
    }

    /// The queue of the session, if there is one.
    package var queue: String? {
        switch self {
        case .session(let queue, _): queue
        case .mailbox: nil
        }
    }
}
