internal import DequeModule
internal import Logging

/// The publications of a connection: those that wait for the window, the socket or the end of an alarm, and those that
/// wait for their confirm.
final class OutgoingPublications {
    /// The number of unsent bytes above which publications wait; a waiting publication is known to be `notSent`.
    private static let highWater = 512 << 10

    private let wire: any Wire
    private let channels: ChannelTable
    private let logger: Logger
    /// The publications that callers wait for. Emptied when the connection ends.
    private var operations: [UInt64: Operation] = [:]
    private var deadlines = DeadlineQueue()
    /// The publications that wait to be written, in order.
    private var backlog: Deque<UInt64> = []
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
    func enqueue(_ publish: PublishSubmission) {
        guard channels[publish.channel]?.machine.isOpen == true else {
            return publish.waiter.resume(returning: .failure(.closed("channel")))
        }
        operations[publish.id] = Operation(
            waiter: publish.waiter,
            progress: .queued(publish.channel, publish.publication)
        )
        deadlines.insert(publish.id, at: publish.deadline.instant)
        backlog.append(publish.id)
    }

    /// Returns whether the first waiting publication can be written now.
    ///
    /// - Parameter isOpen: Whether the broker accepts publications on this connection.
    func canWrite(whenOpen isOpen: Bool) -> Bool {
        while let id = backlog.first {
            guard let operation = operations[id], case .queued(let key, let publication) = operation.progress else {
                // It was cancelled or expired meanwhile.
                backlog.removeFirst()
                continue
            }
            guard isOpen, wire.unsent < Self.highWater else { return false }
            // Only confirms release the window, so only confirmed channels use it.
            return channels[key]?.confirms == nil || window.admits(publication.body.count)
        }
        return false
    }

    /// Writes waiting publications, as far as window and socket accept them.
    func write(whenOpen isOpen: Bool) throws(AMQPError) {
        while canWrite(whenOpen: isOpen), let id = backlog.popFirst() { try write(id) }
    }

    private func write(_ id: UInt64) throws(AMQPError) {
        guard let operation = operations[id], case .queued(let key, let publication) = operation.progress else {
            return
        }
        guard let channel = channels[key], channel.machine.isOpen else {
            return finish(id, .failure(.closed("channel")))
        }
        var properties = publication.properties
        if publication.mandatory, channel.confirms != nil, properties.messageID == nil {
            properties.messageID = "warren-\(key.generation)-\(id)"
        }
        try wire.write(
            .method(
                channel: key.number,
                .basicPublish(
                    exchange: publication.exchange,
                    routingKey: publication.routingKey,
                    mandatory: publication.mandatory
                )
            )
        )
        try wire.write(.header(channel: key.number, properties, bodySize: publication.body.count))
        if !publication.body.isEmpty { try wire.write(body: publication.body, channel: key.number) }
        guard channel.confirms != nil else { return finish(id, .success(.done)) }
        let returnKey =
            publication.mandatory
            ? ConfirmLedger.ReturnKey(
                messageID: properties.messageID ?? "",
                exchange: publication.exchange,
                routingKey: publication.routingKey
            ) : nil
        let size = publication.body.count
        let tag = channel.confirms?.published(id: id, bytes: size, key: returnKey) ?? 0
        window.take(size)
        operation.progress = .written(key, tag: tag)
    }

    // MARK: Confirms and returns

    /// Ends the publications that the broker confirmed or refused.
    func confirmed(_ channel: ChannelRecord, tag: UInt64, multiple: Bool, positive: Bool) throws(AMQPError) {
        settlements.removeAll(keepingCapacity: true)
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
        release(settlement)
        switch settlement.outcome {
        case .confirmed: finish(settlement.id, .success(.done))
        case .rejected:
            let error = AMQPError(code: .nacked, delivery: .refused, message: "The broker refused the message.")
            finish(settlement.id, .failure(error))
        case .returned(let reason):
            let error = AMQPError(
                code: .unroutable,
                delivery: .refused,
                replyCode: Int(reason.code),
                message: "No queue took the message: \(reason.text)"
            )
            finish(settlement.id, .failure(error))
        }
    }

    private func release(_ settlement: ConfirmLedger.Settlement) {
        // Negative when it was given up at its deadline and has released its bytes already.
        if settlement.bytes >= 0 { window.release(settlement.bytes) }
    }

    /// Records a mandatory message that the broker returned.
    func returned(_ content: Content, on channel: ChannelRecord) {
        guard case .returned(let code, let text, let exchange, let routingKey) = content.method else { return }
        let key = ConfirmLedger.ReturnKey(
            messageID: content.properties.messageID ?? "",
            exchange: exchange,
            routingKey: routingKey
        )
        let reason = ConfirmLedger.ReturnReason(code: code, text: text)
        if channel.confirms?.returned(key, reason: reason) != true {
            logger.debug("a returned message matches no publication")
        }
    }

    // MARK: Ends without a confirm

    /// Ends a publication whose caller was cancelled.
    func cancel(_ id: UInt64) {
        guard let operation = operations[id], let waiter = operation.waiter else { return }
        let error = AMQPError(code: .cancelled, delivery: operation.delivery, message: "The task was cancelled.")
        waiter.resume(returning: .failure(error))
        if case .written = operation.progress {
            // It keeps its place in the window until its confirm or its deadline.
            operation.waiter = nil
        } else {
            operations[id] = nil
        }
    }

    /// Ends the publications whose deadlines have passed.
    func expire(_ now: ContinuousClock.Instant, blockedReason: String?) {
        while let id = deadlines.popExpired(now: now, isAlive: { operations[$0] != nil }) { expire(id, blockedReason) }
        deadlines.compact(alive: operations.count) { operations[$0] != nil }
    }

    private func expire(_ id: UInt64, _ blockedReason: String?) {
        guard let operation = operations.removeValue(forKey: id) else { return }
        if case .written(let key, let tag) = operation.progress, let bytes = channels[key]?.confirms?.giveUp(tag: tag) {
            window.release(bytes)
        }
        let delivery = operation.delivery
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
        operation.finish(.failure(error))
    }

    /// Returns the next deadline of a publication.
    func nextDeadline() -> ContinuousClock.Instant? { deadlines.next { operations[$0] != nil } }

    /// Ends the publications of an ended channel.
    func end(_ channel: ChannelRecord, _ reason: AMQPError) {
        guard channel.confirms != nil else { return }
        for settlement in channel.confirms?.drain() ?? [] {
            release(settlement)
            finish(settlement.id, .failure(reason.with(delivery: .unknown)))
        }
        backlog.removeAll { id in
            guard case .queued(channel.key, _) = operations[id]?.progress else { return false }
            finish(id, .failure(.closed("channel")))
            return true
        }
    }

    /// Fails the publications that were not written.
    func failWaiting(_ error: AMQPError) {
        for id in backlog { finish(id, .failure(error)) }
        backlog.removeAll()
    }

    /// Fails all publications.
    func failAll(_ reason: AMQPError) {
        for operation in operations.values {
            operation.finish(.failure(reason.with(delivery: operation.delivery)))
        }
        operations.removeAll()
        backlog.removeAll()
    }

    private func finish(_ id: UInt64, _ result: Result<Reply, AMQPError>) {
        operations.removeValue(forKey: id)?.finish(result)
    }
}
