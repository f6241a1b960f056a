internal import DequeModule
internal import Logging

/// Outgoing publications and acknowledgements, incoming confirms and returns.
extension ConnectionEngine {
    func enqueue(_ publish: PublishSubmission) {
        guard machine.isOpen else {
            publish.waiter.resume(returning: .failure(.closed("connection")))
            return
        }
        guard channel(publish.channel)?.machine.isOpen == true else {
            publish.waiter.resume(returning: .failure(.closed("channel")))
            return
        }
        operations[publish.id] = Operation(
            waiter: publish.waiter,
            deadline: publish.deadline,
            progress: .queued(publish.channel, publish.publication)
        )
        deadlines.insert(publish.id, at: publish.deadline.instant)
        backlog.append(publish.id)
    }

    /// Returns whether the first waiting publication can be written now.
    func canWriteBacklog(_ wire: any Wire) -> Bool {
        while let id = backlog.first {
            guard let operation = operations[id], case .queued(let key, let publication) = operation.progress else {
                // It was cancelled or expired meanwhile.
                backlog.removeFirst()
                continue
            }
            guard machine.isOpen, machine.blockedReason == nil, wire.unsent < Self.highWater else { return false }
            // Only confirms release the window, so only confirmed channels use it.
            return channel(key)?.confirms == nil || window.admits(publication.body.count)
        }
        return false
    }

    func writeBacklog(_ wire: any Wire) throws(AMQPError) {
        while canWriteBacklog(wire), let id = backlog.popFirst() { try write(publication: id, wire) }
    }

    private func write(publication id: UInt64, _ wire: any Wire) throws(AMQPError) {
        guard let operation = operations[id], case .queued(let key, let publication) = operation.progress else {
            return
        }
        guard let channel = channel(key), channel.machine.isOpen else {
            operations[id] = nil
            operation.finish(.failure(.closed("channel")))
            return
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
        guard channel.confirms != nil else {
            operations[id] = nil
            operation.finish(.success(.done))
            return
        }
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

    /// Settles publications that the broker confirmed or refused.
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
        // Negative when it was given up at its deadline and has released its bytes already.
        if settlement.bytes >= 0 { window.release(settlement.bytes) }
        guard let operation = operations.removeValue(forKey: settlement.id) else { return }
        switch settlement.outcome {
        case .confirmed: operation.finish(.success(.done))
        case .rejected:
            let error = AMQPError(code: .nacked, delivery: .refused, message: "The broker refused the message.")
            operation.finish(.failure(error))
        case .returned(let reason):
            let error = AMQPError(
                code: .unroutable,
                delivery: .refused,
                replyCode: Int(reason.code),
                message: "No queue took the message: \(reason.text)"
            )
            operation.finish(.failure(error))
        }
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

    /// Records the application's decision about deliveries.
    func settle(_ key: ChannelKey, _ tag: UInt64, _ multiple: Bool, _ decision: AcknowledgementCoalescer.Decision) {
        guard let channel = channel(key) else { return }
        guard channel.acknowledgements.decide(tag, multiple: multiple, decision) else {
            logger.debug("an acknowledgement for a delivery that is not outstanding is ignored")
            return
        }
        list(channel)
    }

    func list(_ channel: ChannelRecord) {
        guard !channel.isListed else { return }
        channel.isListed = true
        acknowledging.append(channel)
    }

    func writeAcknowledgements(_ wire: any Wire) throws(AMQPError) {
        guard !acknowledging.isEmpty else { return }
        for channel in acknowledging {
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
                try wire.write(.method(channel: channel.key.number, method))
            }
        }
        acknowledging.removeAll(keepingCapacity: true)
    }
}
