internal import Logging

/// Writes the acknowledgements of a connection's channels, those of one turn together.
final class AcknowledgementWriter {
    private let wire: any Wire
    private let channels: ChannelTable
    private let logger: Logger
    /// The channels with decisions that were not written.
    private var listed: [ChannelRecord] = []

    init(_ wire: any Wire, _ channels: ChannelTable, _ logger: Logger) {
        self.wire = wire
        self.channels = channels
        self.logger = logger
    }

    /// Records the application's decision about deliveries.
    func settle(_ key: ChannelKey, _ tag: UInt64, _ multiple: Bool, _ decision: AcknowledgementCoalescer.Decision) {
        guard let channel = channels[key] else { return }
        guard channel.acknowledgements.decide(tag, multiple: multiple, decision) else {
            logger.debug("an acknowledgement for a delivery that is not outstanding is ignored")
            return
        }
        list(channel)
    }

    /// Returns a delivery without a recipient to its queue.
    func requeue(_ tag: UInt64, on channel: ChannelRecord) {
        guard channel.acknowledgements.decide(tag, multiple: false, .reject(requeue: true)) else { return }
        list(channel)
    }

    private func list(_ channel: ChannelRecord) {
        guard !channel.isListed else { return }
        channel.isListed = true
        listed.append(channel)
    }

    /// Writes all decisions made since the last call.
    func write() throws(AMQPError) {
        guard !listed.isEmpty else { return }
        for channel in listed {
            channel.isListed = false
            let frames = channel.acknowledgements.flush()
            guard channel.machine.isOpen else { continue }
            for frame in frames {
                let method: OutgoingMethod =
                    switch frame.decision {
                    case .acknowledge: .basicAck(tag: frame.tag, multiple: frame.multiple)
                    case .reject(let requeue):
                        .basicNack(tag: frame.tag, multiple: frame.multiple, requeue: requeue)
                    }
                try wire.write(method, channel: channel.key.number)
            }
        }
        listed.removeAll(keepingCapacity: true)
    }
}
