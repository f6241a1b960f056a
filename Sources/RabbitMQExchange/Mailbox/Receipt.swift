internal import AMQP

/// The proof that this process holds a request. It settles the request, or gives it back.
enum Receipt: Sendable {
    /// An unacknowledged delivery of the broker.
    case delivery(Delivery)

    /// Whether it has no effect any more: the request is delivered again without it.
    var isVoid: Bool {
        switch self {
        case .delivery(let delivery): !delivery.channel.isOpen
        }
    }

    /// Settles the request, which is not delivered again.
    func settle() {
        switch self {
        case .delivery(let delivery): delivery.acknowledge()
        }
    }

    /// Settles the request when the connection's thread runs next.
    ///
    /// - Returns: The descriptor that wakes the thread, if it has to be woken.
    func placeSettlement() -> WakeDescriptor? {
        switch self {
        case .delivery(let delivery): delivery.channel.placeAcknowledgement(of: delivery.deliveryTag)
        }
    }

    /// Gives the request back to the head of its mailbox. It is delivered again.
    func giveBack() {
        switch self {
        case .delivery(let delivery): delivery.reject(requeue: true)
        }
    }
}
