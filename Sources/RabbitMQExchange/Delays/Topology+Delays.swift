internal import AMQP
internal import AgentExchange
internal import Foundation

extension Topology {
    /// Returns the objects that delay requests, which a namespace needs once a request is delayed.
    ///
    /// A request is published to the queue of a level, with the level and its mailbox in the routing key. When its time is
    /// over, the broker moves it on, with the same key, and keeps it until the next queue has confirmed it. A mailbox is
    /// bound once its owner has delayed a request. Without a mailbox, a request becomes a dead letter.
    static func delays(_ names: ExchangeNames) -> Topology {
        let levels = DelayLevel.all.map { level in
            QueueDeclaration(
                name: names.queue(of: level),
                arguments: relay(ttl: level.milliseconds, to: names.due)
            )
        }
        var ended = relay(ttl: 1, to: names.deadLetters)
        ended["x-dead-letter-routing-key"] = .string(ExchangeNames.DeadLetterKey.unanswered)
        return Topology(
            exchanges: [
                ExchangeDeclaration(name: names.withoutMailbox, kind: .fanout),
                ExchangeDeclaration(
                    name: names.due,
                    kind: .topic,
                    arguments: ["alternate-exchange": .string(names.withoutMailbox)]
                ),
                ExchangeDeclaration(name: names.delays, kind: .topic),
            ],
            queues: levels + [QueueDeclaration(name: names.withoutMailbox, arguments: ended)],
            bindings: DelayLevel.all.map { level in
                Binding(queue: names.queue(of: level), exchange: names.delays, key: "\(level.number).#")
            } + [Binding(queue: names.withoutMailbox, exchange: names.withoutMailbox, key: "")]
        )
    }

    /// Returns the binding that brings delayed requests to a mailbox.
    static func delayBinding(of id: EntityID, _ names: ExchangeNames) -> Binding {
        Binding(queue: names.queue(of: id), exchange: names.due, key: "*.\(names.mailboxKey(of: id))")
    }

    /// Returns the binding that brings the requests of a series to its mailbox: without it, the series has ended.
    static func seriesBinding(_ series: UUID, of id: EntityID, _ names: ExchangeNames) -> Binding {
        Binding(
            queue: names.queue(of: id),
            exchange: names.due,
            key: "*.\(names.mailboxKey(of: id)).\(series.lowercased)"
        )
    }

    /// The arguments of a queue that moves each message on after a time, and loses none.
    private static func relay(ttl: Int64, to exchange: String) -> FieldTable {
        [
            "x-queue-type": "quorum",
            "x-message-ttl": .int64(ttl),
            "x-delivery-limit": .int64(1 << 30),
            "x-dead-letter-exchange": .string(exchange),
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        ]
    }
}
