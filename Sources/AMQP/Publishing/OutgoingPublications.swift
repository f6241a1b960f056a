internal import DequeModule
internal import Logging
internal import Primitives

/// The publications of a connection: those that wait for the window, the socket or the end of an alarm, and those that
/// wait for their confirm.
final class OutgoingPublications {
    /// The number of unsent bytes above which publications wait; a waiting publication is known to be `notSent`.
    private static let highWater = 512 << 10

    private let wire: any Wire
    private let channels: ChannelTable
    private let logger: Logger
    /// The publications that have not ended, in order.
    private var publications = NumberedRing<PendingPublication>()
    /// The position of the first publication that was not written.
    private var unwritten: UInt64 = 1
    private var deadlines = DeadlineQueue<UInt64>()
    private var window: WindowAccount
    private var settlements: [ConfirmLedger.Settlement] = []

    init(_ wire: any Wire, _ channels: ChannelTable, _ window: PublishWindow, _ logger: Logger) {
        self.wire = wire
        self.channels = channels
        self.logger = logger
        self.window = WindowAccount(window)
    }

    // MARK: Writing

    /// Adds a publication to those that wait to be written.
    func enqueue(_ publication: PendingPublication, on key: ChannelKey) {
        guard channels[key]?.machine.isOpen == true else { return publication.finish(.failure(.closed("channel"))) }
        let position = publications.append(publication)
        publication.queued(on: key, at: position)
        deadlines.insert(position, at: publication.deadline.instant)
    }

    /// Returns whether the first waiting publication can be written now.
    ///
    /// - Parameter isOpen: Whether the broker accepts publications on this connection.
    func canWrite(whenOpen isOpen: Bool) -> Bool {
        guard isOpen, wire.unsent < Self.highWater, let publication = nextUnwritten() else { return false }
        // Only confirms release the window, so only confirmed channels use it.
        return channels[publication.channel]?.confirms == nil || window.admits(publication.message.body.count)
    }

    /// Writes waiting publications, as far as window and socket accept them.
    func write(whenOpen isOpen: Bool) throws(AMQPError) {
        while canWrite(whenOpen: isOpen), let publication = publications[unwritten] {
            unwritten += 1
            try write(publication)
        }
    }

    private func nextUnwritten() -> PendingPublication? {
        unwritten = max(unwritten, publications.first)
        while unwritten < publications.next {
            if let publication = publications[unwritten] { return publication }
            // It was cancelled or expired meanwhile.
            unwritten += 1
        }
        return nil
    }

    private func write(_ publication: PendingPublication) throws(AMQPError) {
        guard let channel = channels[publication.channel], channel.machine.isOpen else {
            return finish(publication, .failure(.closed("channel")))
        }
        let (number, message) = (channel.key.number, publication.message)
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
        guard let tag = channel.confirms?.published(publication) else { return finish(publication, .success(())) }
        publication.tag = tag
        window.take(message.body.count)
    }

    // MARK: Confirms and returns

    /// Ends the publications that the broker confirmed or refused.
    func confirmed(_ channel: ChannelRecord, tag: UInt64, multiple: Bool, positive: Bool) throws(AMQPError) {
        // They hold bodies, so they are not kept.
        defer { settlements.removeAll(keepingCapacity: true) }
        let isKnown = channel.confirms?.answered(
            tag: tag,
            multiple: multiple,
            positive: positive,
            into: &settlements
        )
        guard isKnown == true else { throw .protocolViolation("A confirm arrived for nothing that was published.") }
        for settlement in settlements { settle(settlement) }
    }

    private func settle(_ settlement: ConfirmLedger.Settlement) {
        window.release(settlement.publication.message.body.count)
        finish(settlement.publication, settlement.outcome.result)
    }

    /// Records a mandatory message that the broker returned.
    func returned(_ content: Content, on channel: ChannelRecord) {
        guard case .returned(let code, let text, let exchange, let routingKey) = content.method else { return }
        let reason = ConfirmLedger.ReturnReason(code: code, text: text)
        let isKnown = channel.confirms?.returned(content.properties, exchange: exchange, routingKey: routingKey, reason)
        if isKnown != true { logger.debug("a returned message matches no publication") }
    }

    // MARK: Ends without a confirm

    /// Ends a publication whose caller was cancelled.
    func cancel(_ publication: PendingPublication) {
        guard publication.isCancellable else { return }
        // Once written it keeps its place in the window until its confirm or its deadline.
        if publication.tag == 0 { publications.remove(publication.position) }
        let delivery = publication.delivery
        publication.finish(
            .failure(AMQPError(code: .cancelled, delivery: delivery, message: "The task was cancelled."))
        )
    }

    /// Ends the publications whose deadlines have passed.
    func expire(_ now: ContinuousClock.Instant, blockedReason: String?) {
        while let position = deadlines.popExpired(now: now, isAlive: { publications[$0] != nil }) {
            if let publication = publications[position] { expire(publication, blockedReason) }
        }
        deadlines.compact(alive: publications.count) { publications[$0] != nil }
    }

    private func expire(_ publication: PendingPublication, _ blockedReason: String?) {
        let isWritten = publication.tag != 0
        if isWritten, channels[publication.channel]?.confirms?.giveUp(tag: publication.tag) == true {
            window.release(publication.message.body.count)
        }
        let delivery = publication.delivery
        let error =
            if let blockedReason {
                AMQPError(
                    code: .blocked,
                    delivery: delivery,
                    message: "The broker takes no messages until the deadline: \(blockedReason)"
                )
            } else {
                AMQPError(code: .timedOut, delivery: delivery, message: "The deadline has passed.")
            }
        finish(publication, .failure(error))
    }

    /// Returns the next deadline of a publication.
    func nextDeadline() -> ContinuousClock.Instant? { deadlines.next { publications[$0] != nil } }

    /// Ends the publications of an ended channel.
    func end(_ channel: ChannelRecord, _ reason: AMQPError) {
        guard channel.confirms != nil else { return }
        for publication in channel.confirms?.drain() ?? [] {
            window.release(publication.message.body.count)
            finish(publication, .failure(reason.with(delivery: .unknown)))
        }
        failUnwritten(.closed("channel")) { $0.channel == channel.key }
    }

    /// Fails the publications that were not written.
    func failUnwritten(_ error: AMQPError, where isAffected: (PendingPublication) -> Bool = { _ in true }) {
        for position in max(unwritten, publications.first)..<publications.next {
            guard let publication = publications[position], isAffected(publication) else { continue }
            finish(publication, .failure(error))
        }
    }

    /// Fails all publications.
    func failAll(_ reason: AMQPError) {
        for publication in Array(publications.elements) {
            finish(publication, .failure(reason.with(delivery: publication.delivery)))
        }
    }

    private func finish(_ publication: PendingPublication, _ result: Result<Void, AMQPError>) {
        publications.remove(publication.position)
        publication.finish(result)
    }
}

extension ConfirmLedger.Outcome {
    fileprivate var result: Result<Void, AMQPError> {
        switch self {
        case .confirmed: return .success(())
        case .rejected:
            let error = AMQPError(code: .nacked, delivery: .refused, message: "The broker refused the message.")
            return .failure(error)
        case .returned(let reason):
            let error = AMQPError(
                code: .unroutable,
                delivery: .refused,
                replyCode: Int(reason.code),
                message: "No queue took the message: \(reason.text)"
            )
            return .failure(error)
        }
    }
}
