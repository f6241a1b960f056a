internal import AMQP

/// A consumer of a mailbox.
struct Receiver: Sendable {
    let consumer: Consumer
    /// Fires when nothing is taken from the consumer any more.
    let stopped = Signal<Void>()

    /// The connection it lives on.
    var connection: Connection { consumer.channel.connection }
}
