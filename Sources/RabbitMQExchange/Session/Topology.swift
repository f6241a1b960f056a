internal import AMQP
internal import AgentExchange

/// The objects that a namespace needs on the broker, as values: exchanges, queues, bindings.
struct Topology: Sendable {
    let exchanges: [ExchangeDeclaration]
    let queues: [QueueDeclaration]
    let bindings: [Binding]

    /// A binding from an exchange to a queue.
    struct Binding: Sendable, Hashable {
        let queue: String
        let exchange: String
        let key: String
        /// A number that makes it another binding of the same key.
        fileprivate(set) var number: Int64?

        init(queue: String, exchange: String, key: String) {
            self.queue = queue
            self.exchange = exchange
            self.key = key
        }

        var arguments: FieldTable { number.map { ["warren-binding": .int64($0)] } ?? [:] }

        /// Creates the binding that leads to a queue, for a routing key and its ``ExchangeNames/verdict(_:)``.
        init(of queue: String, to key: String, in names: ExchangeNames) {
            self.queue = queue
            exchange = names.exchange(of: key)
            self.key = exchange == names.replies ? key + ".#" : key
        }
    }

    /// Returns the objects that all sessions of the namespace share.
    static func shared(_ names: ExchangeNames) -> Topology {
        Topology(
            exchanges: [
                ExchangeDeclaration(name: names.mailboxes, kind: .direct),
                ExchangeDeclaration(name: names.replies, kind: .topic),
                ExchangeDeclaration(name: names.agents, kind: .topic),
                ExchangeDeclaration(name: names.broadcasts, kind: .topic),
                ExchangeDeclaration(name: names.deadLetters, kind: .direct),
            ],
            queues: [
                QueueDeclaration(name: names.directory, arguments: ["x-queue-type": "stream"]),
                QueueDeclaration(name: names.unanswered, arguments: kept),
                // Reading a message counts as a delivery.
                QueueDeclaration(name: names.parked, arguments: kept),
            ],
            bindings: [
                Binding(queue: names.directory, exchange: names.agents, key: "#"),
                Binding(
                    queue: names.unanswered,
                    exchange: names.deadLetters,
                    key: ExchangeNames.DeadLetterKey.unanswered
                ),
                Binding(queue: names.parked, exchange: names.deadLetters, key: ExchangeNames.DeadLetterKey.parked),
            ]
        )
    }

    /// Returns the objects of topics, which a namespace needs once it has a subscription. The log keeps at least its last
    /// segment, and drops the oldest ones; see ``TopicLogReader``.
    static func topics(_ names: ExchangeNames) -> Topology {
        Topology(
            exchanges: [
                ExchangeDeclaration(name: names.topics, kind: .topic),
                ExchangeDeclaration(name: names.subscriptions, kind: .topic),
            ],
            queues: [
                QueueDeclaration(
                    name: names.subscriptions,
                    arguments: [
                        "x-queue-type": "stream",
                        "x-max-length-bytes": .int64(64 << 20),
                        "x-stream-max-segment-size-bytes": .int64(4 << 20),
                    ]
                )
            ],
            bindings: [Binding(queue: names.subscriptions, exchange: names.subscriptions, key: "#")]
        )
    }

    /// Returns the objects of both.
    func adding(_ other: Topology) -> Topology {
        Topology(
            exchanges: exchanges + other.exchanges,
            queues: queues + other.queues,
            bindings: bindings + other.bindings
        )
    }

    /// Returns the same objects, with bindings that no deletion under way takes away.
    ///
    /// While RabbitMQ 4 deletes a queue, it forgets the bindings first and ends their routes later. An equal binding that
    /// is made in between is listed, and its route is ended with the old one; binding again changes nothing. Bindings
    /// with different arguments are different ones. A queue gets at most 16 of them.
    func boundAnew() -> Topology {
        let bindings = bindings.map { binding in
            var binding = binding
            binding.number = .random(in: 0..<16)
            return binding
        }
        return Topology(exchanges: exchanges, queues: queues, bindings: bindings)
    }

    /// Returns a stream of the directory.
    static func directory(_ stream: DirectoryStream, _ names: ExchangeNames) -> Topology {
        Topology(
            exchanges: [],
            queues: [QueueDeclaration(name: names.directory(stream), arguments: ["x-queue-type": "stream"])],
            bindings: [Binding(queue: names.directory(stream), exchange: names.agents, key: "#")]
        )
    }

    /// The arguments of a queue that keeps its messages after any number of deliveries. RabbitMQ 4 drops them after 20
    /// if the queue sets no limit.
    private static let kept: FieldTable = ["x-queue-type": "quorum", "x-delivery-limit": .int64(1 << 30)]

    /// Returns the dead-letter queue of older versions. Their sessions declare it with these arguments, so no other
    /// queue may have its name.
    static func older(_ names: ExchangeNames) -> Topology {
        Topology(
            exchanges: [],
            queues: [QueueDeclaration(name: names.deadLetters, arguments: ["x-queue-type": "quorum"])],
            bindings: [
                Binding(queue: names.deadLetters, exchange: names.deadLetters, key: ExchangeNames.DeadLetterKey.older)
            ]
        )
    }

    /// Returns the queue of one session.
    static func session(_ link: BrokerLink, queue: String) -> Topology {
        let expiry = link.configuration.sessionExpiry.milliseconds
        return Topology(
            exchanges: [],
            queues: [
                QueueDeclaration(
                    name: queue,
                    arguments: ["x-queue-type": "classic", "x-expires": .int64(expiry)]
                )
            ],
            bindings: [Topology.Binding(of: queue, to: link.replyTo, in: link.names)]
        )
    }

    /// Returns the queue of a mailbox. The broker serves one consumer at a time, or all members of a group, and dead-letters
    /// messages that expire or are given up. A replicated one keeps such a message until the dead-letter queue has confirmed it; for that,
    /// it must refuse messages when it is full.
    static func mailbox(
        of id: EntityID,
        lineage: [String],
        _ names: ExchangeNames,
        _ settings: RabbitMQConfiguration,
        sharing: MailboxSharing = .exclusive,
        forOlder: Bool
    ) -> Topology {
        var arguments: FieldTable = [
            "x-single-active-consumer": .bool(sharing == .exclusive),
            "x-dead-letter-exchange": .string(names.deadLetters),
            "x-dead-letter-routing-key": .string(ExchangeNames.DeadLetterKey.unanswered),
        ]
        switch (id.role, settings.mailboxKind) {
        case (.agent, .replicated):
            arguments["x-queue-type"] = "quorum"
            arguments["x-delivery-limit"] = .int64(Int64(settings.redeliveryLimit))
            arguments["x-dead-letter-strategy"] = "at-least-once"
            arguments["x-overflow"] = "reject-publish"
        case (.agent, .single):
            arguments["x-queue-type"] = "classic"
        case (.user, _):
            arguments["x-queue-type"] = "classic"
            arguments["x-expires"] = .int64(settings.userMailboxExpiry.milliseconds)
        }
        if let limit = settings.maximumMailboxLength {
            arguments["x-max-length"] = .int64(Int64(limit))
            arguments["x-overflow"] = "reject-publish"
        }
        return Topology(
            exchanges: [],
            queues: [QueueDeclaration(name: names.queue(of: id), arguments: arguments)],
            bindings: mailboxBindings(of: id, lineage: lineage, names, forOlder: forOlder)
        )
    }

    /// Returns the bindings of a mailbox: for messages to the entity, and for broadcasts to its types.
    ///
    /// - Parameter forOlder: Whether older sessions, which know only one exchange, can also reach a user behind a
    ///   ``Wall``.
    static func mailboxBindings(
        of id: EntityID,
        lineage: [String],
        _ names: ExchangeNames,
        forOlder: Bool
    ) -> [Binding] {
        let (queue, key) = (names.queue(of: id), names.mailboxKey(of: id))
        var bindings = [Topology.Binding(of: queue, to: key, in: names)]
        if forOlder, id.wall != nil { bindings.append(Binding(queue: queue, exchange: names.mailboxes, key: key)) }
        for type in lineage {
            let key = names.broadcastKey(typeName: type, allowSubtypes: true)
            bindings.append(Binding(queue: queue, exchange: names.broadcasts, key: key))
        }
        if let leaf = lineage.last {
            let key = names.broadcastKey(typeName: leaf, allowSubtypes: false)
            bindings.append(Binding(queue: queue, exchange: names.broadcasts, key: key))
        }
        return bindings
    }

    /// Creates missing objects. For a broker user that may not create them, all objects must exist.
    ///
    /// - Returns: Whether the broker user may create them.
    @discardableResult
    func declareOrFind(on link: BrokerLink) async throws(ExchangeError) -> Bool {
        do throws(ExchangeError) {
            try await declare(on: link)
            return true
        } catch let error where error.code == .forbidden {
            for exchange in exchanges {
                guard try await link.objects.hasExchange(exchange.name) else { throw error }
            }
            for queue in queues {
                guard try await link.objects.status(ofQueue: queue.name) != nil else { throw error }
            }
            return false
        }
    }

    /// Creates missing queues.
    ///
    /// - Throws: An error that reports a node that is down (``ExchangeError/isAboutANode``) when a queue exists there:
    ///   only then is a queue to be declared "not found".
    func declareQueues(on link: BrokerLink) async throws(ExchangeError) {
        let deadline = link.deadline
        do throws(ExchangeError) {
            try await link.declare("can't declare a queue") { (channel) throws(AMQPError) in
                for queue in queues { _ = try await channel.declareQueue(queue, deadline: deadline) }
            }
        } catch {
            guard let reply = error.underlying as? AMQPError, reply.code == .notFound else { throw error }
            throw ExchangeError(error.code, "the node of a queue is down", underlying: NodeIsDown(reply: reply))
        }
    }

    /// Creates missing objects, in order.
    ///
    /// - Throws: ``ExchangeError/Code/forbidden``; an error that wraps the broker's reply when an object of the same name
    ///   has other properties.
    func declare(on link: BrokerLink, entity: EntityID? = nil) async throws(ExchangeError) {
        let deadline = link.deadline
        try await link.declare("can't declare the shared objects", entity: entity) { channel throws(AMQPError) in
            try await declare(on: channel, deadline)
        }
    }

    /// Creates missing objects, in order, through a channel.
    func declare(on channel: Channel, _ deadline: Deadline) async throws(AMQPError) {
        for exchange in exchanges { try await channel.declareExchange(exchange, deadline: deadline) }
        for queue in queues { _ = try await channel.declareQueue(queue, deadline: deadline) }
        try await Binding.forEach(bindings) { binding throws(AMQPError) in
            try await channel.bind(
                .queue(binding.queue),
                to: binding.exchange,
                routingKey: binding.key,
                arguments: binding.arguments,
                deadline: deadline
            )
        }
    }
}

extension Topology.Binding {
    /// Runs an operation for each binding, without waiting for one before the next is sent.
    static func forEach(
        _ bindings: [Topology.Binding],
        _ body: @escaping @Sendable (Topology.Binding) async throws(AMQPError) -> Void
    ) async throws(AMQPError) {
        let failure = await withTaskGroup(of: AMQPError?.self) { group in
            for binding in bindings {
                group.addTask {
                    do throws(AMQPError) {
                        try await body(binding)
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            return await group.reduce(nil) { $0 ?? $1 }
        }
        if let failure { throw failure }
    }
}

extension Duration {
    /// Whole milliseconds of a duration within the range of a setting.
    var milliseconds: Int64 { Int64(bounded / .milliseconds(1)) }
}
