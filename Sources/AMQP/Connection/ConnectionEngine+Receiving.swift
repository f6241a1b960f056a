internal import DequeModule
internal import Logging

/// Incoming frames.
extension ConnectionEngine {
    func received(_ frame: IncomingFrame) throws(AMQPError) {
        switch frame {
        case .heartbeat: break
        case .method(0, let method): try receivedOnConnection(method)
        case .header(0, _, _, _), .body(0, _):
            throw .protocolViolation("Content arrived on channel zero.")
        case .method(let number, let method):
            try withChannel(number) { $0.machine.received(method) }
        case .header(let number, let classID, let bodySize, let properties):
            try withChannel(number) {
                $0.machine.receivedHeader(classID: classID, bodySize: bodySize, properties)
            }
        case .body(let number, let piece):
            try withChannel(number) { $0.machine.receivedBody(piece) }
        }
    }

    private func withChannel(
        _ number: UInt16,
        _ event: (ChannelRecord) -> ChannelStateMachine.Action
    ) throws(AMQPError) {
        // While the connection closes, the broker may still send frames for closed channels.
        guard let channel = channels[number] else {
            if machine.isOpen { throw .protocolViolation("A frame arrived for channel \(number), which is not open.") }
            return
        }
        try carryOut(event(channel), on: channel)
    }

    private func carryOut(_ action: ChannelStateMachine.Action, on channel: ChannelRecord) throws(AMQPError) {
        switch action {
        case .none: break
        case .resolve(let pending, let method): try resolve(pending, method, on: channel)
        case .resolveGet(let pending, let content): try resolveGet(pending, content, channel)
        case .confirm(let tag, let multiple, let positive):
            try confirmed(channel, tag: tag, multiple: multiple, positive: positive)
        case .content(let content): try receivedContent(content, channel)
        case .consumerCancelled(let tag):
            let error = AMQPError(
                code: .consumerCancelled,
                delivery: .unknown,
                message: "The broker cancelled the consumer \(tag); its queue was deleted or became unavailable."
            )
            end(consumer: tag, of: channel, error)
        case .answerFlow(let active): try answer(.channelFlowOk(active: active), on: channel)
        case .answerClose(let failed):
            fail(failed, with: .closed("channel", delivery: .unknown))
            try answer(.channelCloseOk, on: channel)
        case .closedByBroker(let error, let method, let failed):
            try answer(.channelCloseOk, on: channel)
            // Publications end before the channel reports its end, so that a search for the culprit finds it among
            // them. A caller that learns of its failed request must find the channel closed.
            end(channel: channel, error)
            // The first request of the kind that the broker names is the refused one.
            let culprit = failed.first { $0.kind.methodID == method }
            for pending in failed {
                fail([pending], with: pending == culprit ? error.with(delivery: .refused) : error)
            }
        case .closed(let failed):
            fail(failed, with: .closed("channel", delivery: .unknown))
            end(channel: channel, nil)
        case .violation(let error): throw error
        }
    }

    private func answer(_ method: OutgoingMethod, on channel: ChannelRecord) throws(AMQPError) {
        try wire?.write(.method(channel: channel.key.number, method))
    }

    private func fail(_ failed: [ChannelStateMachine.Pending], with error: AMQPError) {
        for pending in failed { operations.removeValue(forKey: pending.id)?.finish(.failure(error)) }
    }

    private func resolveGet(
        _ pending: ChannelStateMachine.Pending,
        _ content: Content,
        _ channel: ChannelRecord
    ) throws(AMQPError) {
        guard case .getOk(let tag, _, _, _, _) = content.method else { return }
        try note(tag, on: channel)
        guard let operation = operations.removeValue(forKey: pending.id), operation.waiter != nil else {
            giveBack(tag, channel)
            return
        }
        operation.finish(.success(.message(content)))
    }

    private func receivedContent(_ content: Content, _ channel: ChannelRecord) throws(AMQPError) {
        guard case .deliver(let consumerTag, let tag, _, _, _) = content.method else {
            returned(content, on: channel)
            return
        }
        try note(tag, on: channel)
        guard let consumer = channel.consumers[consumerTag] else {
            giveBack(tag, channel)
            return
        }
        if consumer.batch.isEmpty { receiving.append(consumer) }
        consumer.batch.append(content)
    }

    private func note(_ tag: UInt64, on channel: ChannelRecord) throws(AMQPError) {
        guard channel.acknowledgements.delivered(tag) else {
            throw .protocolViolation("Deliveries arrived out of order.")
        }
    }

    private func giveBack(_ tag: UInt64, _ channel: ChannelRecord) {
        guard channel.acknowledgements.decide(tag, multiple: false, .reject(requeue: true)) else { return }
        list(channel)
    }

    /// Passes on the deliveries of this turn, with one call for each consumer.
    func deliverBatches() {
        for consumer in receiving { deliver(consumer) }
        receiving.removeAll(keepingCapacity: true)
    }

    private func deliver(_ consumer: ChannelRecord.ConsumerRecord) {
        guard !consumer.batch.isEmpty else { return }
        consumer.receiver.append(consumer.batch)
        consumer.batch.removeAll(keepingCapacity: true)
    }

    func end(consumer tag: String, of channel: ChannelRecord, _ error: AMQPError?) {
        guard let consumer = channel.consumers.removeValue(forKey: tag) else { return }
        deliver(consumer)
        consumer.receiver.finish(error)
    }

    /// Ends a channel and everything on it.
    func end(channel: ChannelRecord, _ error: AMQPError?) {
        channels[channel.key.number] = nil
        let reason = error ?? .closed("channel", delivery: .unknown)
        for settlement in channel.confirms?.drain() ?? [] {
            if settlement.bytes >= 0 { window.release(settlement.bytes) }
            operations.removeValue(forKey: settlement.id)?.finish(.failure(reason.with(delivery: .unknown)))
        }
        if channel.confirms != nil { failBacklog(of: channel.key) }
        for tag in Array(channel.consumers.keys) { end(consumer: tag, of: channel, reason) }
        channel.closed.resolve(error)
        for id in channel.closers { operations.removeValue(forKey: id)?.finish(.success(.done)) }
    }

    /// Fails the publications that were not written yet to an ended channel.
    private func failBacklog(of key: ChannelKey) {
        backlog.removeAll { id in
            guard case .queued(key, _) = operations[id]?.progress else { return false }
            operations.removeValue(forKey: id)?.finish(.failure(.closed("channel")))
            return true
        }
    }
}
