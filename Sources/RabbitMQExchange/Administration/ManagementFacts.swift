public import Foundation

/// What the broker's management plugin tells of a virtual host, and AMQP does not.
///
/// This library speaks AMQP only. A program that asks the HTTP API (as `warren --management URL` does) hands the answers
/// over, and the looks of ``ExchangeAdministration`` then say more. Its statistics lag by some seconds.
public struct ManagementFacts: Sendable, Hashable {
    /// A binding from an exchange to a queue.
    public struct Binding: Sendable, Hashable {
        /// The exchange.
        public let exchange: String
        /// The queue.
        public let queue: String
        /// The routing key or pattern.
        public let routingKey: String

        /// A binding as the broker lists it.
        public init(exchange: String, queue: String, routingKey: String) {
            self.exchange = exchange
            self.queue = queue
            self.routingKey = routingKey
        }
    }

    /// The queues that there were before the bindings were asked for.
    public var queues: Set<String>

    /// All bindings of exchanges to queues in the virtual host.
    public var bindings: Set<Binding>

    /// By the name of a queue, when its oldest message that was not acknowledged was sent. Classic queues tell it, quorum
    /// queues do not; a queue without messages is not in it.
    public var oldestMessages: [String: Date]

    /// By the name of a queue, the messages that were handed to a receiver and not acknowledged: requests in work.
    public var unacknowledgedMessages: [String: Int]

    /// The alarms that stop publishers, one text each; `nil` when the user may not see them.
    public var alarms: [String]?

    /// By the name of a queue, the acknowledgement timeout that an argument or a policy gives it. RabbitMQ heeds these
    /// from 3.12 on.
    public var acknowledgementTimeouts: [String: Duration]

    /// The replicated mailboxes that dead-letter at most once: neither their arguments nor a policy says `at-least-once`.
    public var atMostOnceQueues: Set<String>

    /// Facts; nothing is asked.
    public init(
        queues: Set<String> = [],
        bindings: Set<Binding> = [],
        oldestMessages: [String: Date] = [:],
        unacknowledgedMessages: [String: Int] = [:],
        alarms: [String]? = nil,
        acknowledgementTimeouts: [String: Duration] = [:],
        atMostOnceQueues: Set<String> = []
    ) {
        self.queues = queues
        self.bindings = bindings
        self.oldestMessages = oldestMessages
        self.unacknowledgedMessages = unacknowledgedMessages
        self.alarms = alarms
        self.acknowledgementTimeouts = acknowledgementTimeouts
        self.atMostOnceQueues = atMostOnceQueues
    }

    /// Whether all of these lead to a queue; `nil` for one that was made since.
    func lead(_ bindings: [Topology.Binding], to queue: String) -> Bool? {
        queues.contains(queue) ? bindings.allSatisfy(contains) : nil
    }

    func contains(_ binding: Topology.Binding) -> Bool {
        bindings.contains(Binding(exchange: binding.exchange, queue: binding.queue, routingKey: binding.key))
    }
}
