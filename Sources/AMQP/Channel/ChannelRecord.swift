/// What the engine keeps for one open channel.
final class ChannelRecord {
    /// A consumer and what was received for it in this turn.
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
    /// Whether the acknowledgements are on the list of this turn.
    var isListed = false

    init(key: ChannelKey, confirms: Bool, maximumBodySize: Int) {
        self.key = key
        self.confirms = confirms ? ConfirmLedger() : nil
        machine = ChannelStateMachine(maximumBodySize: maximumBodySize)
    }
}
