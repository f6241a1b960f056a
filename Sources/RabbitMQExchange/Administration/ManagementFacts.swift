public import Foundation

/// Facts about a virtual host that the broker's management plugin reports, and AMQP does not.
///
/// This library uses AMQP only. A program that calls the HTTP API (as `warren --management URL` does) passes its
/// answers on, and ``ExchangeAdministration`` then reports more. The plugin's statistics lag by some seconds.
public struct ManagementFacts: Sendable, Hashable {
    /// A binding from an exchange to a queue.
    public struct Binding: Sendable, Hashable {
        /// The exchange.
        public let exchange: String
        /// The queue.
        public let queue: String
        /// The routing key or pattern.
        public let routingKey: String

        /// Makes a binding as the broker lists it.
        public init(exchange: String, queue: String, routingKey: String) {
            self.exchange = exchange
            self.queue = queue
            self.routingKey = routingKey
        }
    }

    /// The queues that existed before the bindings were read.
    public var queues: Set<String>

    /// All bindings of exchanges to queues in the virtual host.
    public var bindings: Set<Binding>

    /// The time when the oldest unacknowledged message of a queue was sent, by queue name. Classic queues report it,
    /// quorum queues do not; a queue without messages has no entry.
    public var oldestMessages: [String: Date]

    /// The messages handed to a receiver and not acknowledged, that is running requests, by queue name.
    public var unacknowledgedMessages: [String: Int]

    /// The alarms that stop publishers, one text each; `nil` when the user may not read them.
    public var alarms: [String]?

    /// The acknowledgement timeout of a queue's argument or policy, by queue name. RabbitMQ obeys these from 3.12 on.
    public var acknowledgementTimeouts: [String: Duration]

    /// The replicated mailboxes that dead-letter at most once: neither their arguments nor a policy sets
    /// `at-least-once`.
    public var atMostOnceQueues: Set<String>

    /// Makes facts from their parts, without asking the plugin.
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

    /// Returns whether all of these lead to a queue; `nil` for a queue that was created since.
    func lead(_ bindings: [Topology.Binding], to queue: String) -> Bool? {
        queues.contains(queue) ? bindings.allSatisfy(contains) : nil
    }

    func contains(_ binding: Topology.Binding) -> Bool {
        bindings.contains(Binding(exchange: binding.exchange, queue: binding.queue, routingKey: binding.key))
    }
}
