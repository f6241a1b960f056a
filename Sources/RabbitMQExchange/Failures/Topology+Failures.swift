internal import AMQP
internal import AgentExchange

extension Topology {
    /// Returns the queue of failed requests, which a namespace needs once one is kept. It drops the oldest when it is full.
    static func failures(_ names: ExchangeNames) -> Topology {
        Topology(
            exchanges: [],
            queues: [
                QueueDeclaration(
                    name: names.failed,
                    arguments: [
                        "x-queue-type": "quorum",
                        // Reading a message counts as a delivery.
                        "x-delivery-limit": .int64(1 << 30),
                        "x-max-length-bytes": .int64(1 << 30),
                        "x-overflow": "drop-head",
                    ]
                )
            ],
            bindings: [
                Binding(
                    queue: names.failed,
                    exchange: names.deadLetters,
                    key: ExchangeNames.DeadLetterKey.failed
                )
            ]
        )
    }
}
