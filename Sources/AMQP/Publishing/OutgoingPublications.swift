internal import Logging
internal import Primitives

/// The writing side of a connection's publications: takes them from the queues of its channels, as far as the window,
/// the socket and alarms allow, and passes confirms, returns and deadlines to their tables.
final class OutgoingPublications {
    /// The number of unsent bytes above which publications wait; a waiting publication is known to be `notSent`.
    private static let highWater = 512 << 10

    private let wire: any Wire
    private let channels: ChannelTable
    private let logger: Logger
    /// The channels with publications that have not ended.
    private var busy: [ChannelRecord] = []
    private var endings: [PublicationTable.Ending] = []

    init(_ wire: any Wire, _ channels: ChannelTable, _ logger: Logger) {
        self.wire = wire
        self.channels = channels
        self.logger = logger
    }

    // MARK: Writing

    /// Takes publications of an queue for a channel from now on.
    func add(_ queue: PublicationQueue, for carrier: Carrier) {
        guard let channel = channels[carrier.channel] else {
            return queue.channelEnded(carrier, .closed("channel"))
        }
        queue.announced()
        channel.source = (queue, carrier)
        if !busy.contains(where: { $0 === channel }) { busy.append(channel) }
    }

    /// Writes waiting publications, one of each channel in turn, as far as window and socket accept them.
    ///
    /// - Parameter isOpen: Whether the broker accepts publications on this connection.
    /// - Returns: Whether more can be written as soon as the socket has accepted some.
    func write(whenOpen isOpen: Bool) throws(AMQPError) -> Bool {
        guard isOpen else { return false }
        var isAny = true
        while isAny {
            isAny = false
            for index in busy.indices {
                guard wire.unsent < Self.highWater else { return true }
                let channel = busy[index]
                guard channel.machine.isOpen, let source = channel.source else { continue }
                switch source.queue.update({ table, _ in table.next(for: source.carrier) }) {
                case .none: break
                case .full:
                    // It is the next to be written, or a large publication could wait for ever.
                    busy.swapAt(0, index)
                    return false
                case .publication(let publication):
                    isAny = true
                    try write(publication, on: channel)
                }
            }
        }
        return false
    }

    private func write(_ publication: PendingPublication, on channel: ChannelRecord) throws(AMQPError) {
        let (number, message) = (channel.key.number, publication.message)
        do throws(AMQPError) {
            try wire.write(
                .basicPublish(
                    exchange: message.exchange,
                    routingKey: message.routingKey,
                    mandatory: message.mandatory
                ),
                channel: number
            )
            try wire.write(message.properties, bodySize: message.body.count, channel: number)
            if !message.body.isEmpty { try wire.write(body: message.body, channel: number) }
        } catch {
            if !channel.confirms { publication.waiter?.resume(returning: .failure(error.with(delivery: .unknown))) }
            throw error
        }
        if !channel.confirms { publication.waiter?.resume(returning: .success(())) }
    }

    // MARK: Confirms and returns

    /// Ends the publications that the broker confirmed or refused.
    func confirmed(_ channel: ChannelRecord, tag: UInt64, multiple: Bool, positive: Bool) throws(AMQPError) {
        // They hold bodies, so they are not kept.
        defer { endings.removeAll(keepingCapacity: true) }
        guard channel.confirms, let (queue, carrier) = channel.source,
            queue.update(
                into: &endings,
                { table, endings in
                    table.answered(carrier, tag: tag, multiple: multiple, positive: positive, into: &endings)
                }
            )
        else { throw .protocolViolation("A confirm arrived for nothing that was published.") }
        for ending in endings { ending.resume() }
    }

    /// Records a mandatory message that the broker returned.
    func returned(_ content: Content, on channel: ChannelRecord) {
        guard case .returned(let code, let text, let exchange, let routingKey) = content.method else { return }
        let reason = PendingPublication.ReturnReason(code: code, text: text)
        let isKnown = channel.source.map { queue, carrier in
            queue.update { table, _ in
                table.returned(carrier, content.properties, exchange: exchange, routingKey: routingKey, reason)
            }
        }
        if isKnown != true { logger.debug("a returned message matches no publication") }
    }

    // MARK: Ends without a confirm

    /// Ends the publications whose deadlines have passed. Returns whether there were any: others may have room now.
    func expire(_ now: ContinuousClock.Instant, blockedReason: String?) -> Bool {
        busy.reduce(false) { isAny, channel in
            let isLate = channel.source?.queue.update { table, endings in
                table.expire(
                    now,
                    because: blockedReason.map { .blocked(because: $0) } ?? .deadlinePassed,
                    into: &endings
                )
            }
            return isLate == true || isAny
        }
    }

    /// Returns the next deadline of a publication.
    func nextDeadline() -> ContinuousClock.Instant? {
        var next: ContinuousClock.Instant?
        busy.removeAll { channel in
            let own = channel.source?.queue.update { table, _ in table.nextDeadline() } ?? nil
            next = .earlier(next, own)
            return own == nil
        }
        return next
    }

    /// Ends the publications of an ended channel, or gives them back.
    func end(_ channel: ChannelRecord, _ reason: AMQPError) {
        guard let (queue, carrier) = channel.source else { return }
        busy.removeAll { $0 === channel }
        queue.channelEnded(carrier, reason)
    }
}
