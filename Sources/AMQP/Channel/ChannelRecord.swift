/// The engine's record of an open channel.
final class ChannelRecord {
    /// A consumer and its deliveries of this turn.
    final class ConsumerRecord {
        let receiver: any ContentReceiver
        var batch: [Content] = []

        init(receiver: any ContentReceiver) {
            self.receiver = receiver
        }
    }

    let key: ChannelKey
    let closed = OneShot<AMQPError?>()
    var machine: ChannelStateMachine
    var confirms: ConfirmLedger?
    var acknowledgements = AcknowledgementCoalescer()
    var consumers: [String: ConsumerRecord] = [:]
    /// Operations that wait for close-ok.
    var closers: [UInt64] = []
    /// Whether its acknowledgements are listed for this turn.
    var isListed = false

    init(key: ChannelKey, confirms: Bool, maximumBodySize: Int) {
        self.key = key
        self.confirms = confirms ? ConfirmLedger() : nil
        machine = ChannelStateMachine(maximumBodySize: maximumBodySize)
    }
}
