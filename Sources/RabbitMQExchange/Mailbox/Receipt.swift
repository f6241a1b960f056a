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
