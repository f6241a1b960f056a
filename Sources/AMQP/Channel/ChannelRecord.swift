internal import Primitives

/// The engine's record of an open channel.
final class ChannelRecord {
    /// A consumer and its deliveries of this turn.
    final class ConsumerRecord {
        private let target: DeliveryTarget
        private var batch: [Delivery] = []

        init(_ target: DeliveryTarget) {
            self.target = target
        }

        /// Adds a delivery. Returns whether it is the first of this turn.
        func add(_ content: Content) -> Bool {
            guard let delivery = target.delivery(content) else { return false }
            batch.append(delivery)
            return batch.count == 1
        }

        /// Passes on the deliveries of this turn.
        func deliver() {
            guard !batch.isEmpty else { return }
            target.sink.received(batch)
            batch.removeAll(keepingCapacity: true)
        }

        fileprivate func end(_ error: AMQPError?) {
            deliver()
            target.sink.ended(error)
        }
    }

    let key: ChannelKey
    let closed = OneShot<AMQPError?>()
    var machine: ChannelStateMachine
    let confirms: Bool
    /// The queue whose publications it carries.
    var source: (queue: PublicationQueue, carrier: Carrier)?
    var acknowledgements = AcknowledgementCoalescer()
    var consumers: [String: ConsumerRecord] = [:]
    /// Requests that wait for close-ok.
    var closers: [UInt64] = []
    /// Whether its acknowledgements are listed for this turn.
    var isListed = false

    init(key: ChannelKey, confirms: Bool, maximumBodySize: Int) {
        self.key = key
        self.confirms = confirms
        machine = ChannelStateMachine(maximumBodySize: maximumBodySize)
    }

    /// Ends a consumer, normally with `nil`, after its deliveries of this turn.
    func end(consumer tag: String, _ error: AMQPError?) {
        consumers.removeValue(forKey: tag)?.end(error)
    }
}
