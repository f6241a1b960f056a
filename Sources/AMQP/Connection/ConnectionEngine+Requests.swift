internal import DequeModule
internal import Logging

/// Requests: written at once, answered in the order of their channel.
extension ConnectionEngine {
    func request(_ request: RequestSubmission) throws(AMQPError) {
        guard let wire, machine.isOpen else {
            request.waiter.resume(returning: .failure(.closed("connection")))
            return
        }
        // Acknowledgements made before a request must reach the broker before it: closing a channel requeues all
        // unacknowledged deliveries.
        try writeAcknowledgements(wire)
        switch request.target {
        case .newChannel(let confirms): try openChannel(request, confirms: confirms, wire)
        case .closeChannel(let key):
            guard channel(key) != nil else {
                request.waiter.resume(returning: .success(.done))
                return
            }
            enter(request, on: key)
            try closeChannel(key, waitedForBy: request.id)
        case .method(let key, let method, let kind):
            guard let channel = usable(key, request.waiter) else { return }
            try write(method, kind, request, channel, wire)
        case .consume(let key, let declaration, let receiver):
            guard let channel = usable(key, request.waiter) else { return }
            try consume(declaration, receiver, request, channel, wire)
        }
    }

    /// Returns the channel, unless it has ended or its number belongs to another one by now.
    func channel(_ key: ChannelKey) -> ChannelRecord? {
        guard let channel = channels[key.number], channel.key == key else { return nil }
        return channel
    }

    private func usable(_ key: ChannelKey, _ waiter: Waiter<Reply>) -> ChannelRecord? {
        if let channel = channel(key), channel.machine.isOpen { return channel }
        waiter.resume(returning: .failure(.closed("channel")))
        return nil
    }

    private func enter(_ request: RequestSubmission, on key: ChannelKey) {
        operations[request.id] = Operation(
            waiter: request.waiter,
            deadline: request.deadline,
            progress: .requested(key)
        )
        deadlines.insert(request.id, at: request.deadline.instant)
    }

    private func write(
        _ method: OutgoingMethod,
        _ kind: ReplyKind,
        _ request: RequestSubmission,
        _ channel: ChannelRecord,
        _ wire: any Wire
    ) throws(AMQPError) {
        guard channel.machine.requested(id: request.id, kind) else { return }
        enter(request, on: channel.key)
        try wire.write(.method(channel: channel.key.number, method))
    }

    private func openChannel(_ request: RequestSubmission, confirms: Bool, _ wire: any Wire) throws(AMQPError) {
        guard let number = freeNumber() else {
            let error = AMQPError(
                code: .channelLimitReached,
                delivery: .notSent,
                message: "All \(channelMax) channels of the connection are open."
            )
            request.waiter.resume(returning: .failure(error))
            return
        }
        lastGeneration &+= 1
        let channel = ChannelRecord(
            key: ChannelKey(number: number, generation: lastGeneration),
            confirms: confirms,
            maximumBodySize: configuration.maximumBodySize
        )
        channels[number] = channel
        if confirms {
            _ = channel.machine.requested(id: 0, .channelOpen)
            try wire.write(.method(channel: number, .channelOpen))
            try write(.confirmSelect, .confirmSelect, request, channel, wire)
        } else {
            try write(.channelOpen, .channelOpen, request, channel, wire)
        }
    }

    /// Returns a free number. Numbers are used in turn, so that each is reused as late as possible.
    private func freeNumber() -> UInt16? {
        guard channels.count < channelMax else { return nil }
        repeat {
            lastNumber = Int(lastNumber) >= channelMax ? 1 : lastNumber + 1
        } while channels[lastNumber] != nil
        return lastNumber
    }

    private func consume(
        _ declaration: ConsumerDeclaration,
        _ receiver: any ContentReceiver,
        _ request: RequestSubmission,
        _ channel: ChannelRecord,
        _ wire: any Wire
    ) throws(AMQPError) {
        guard channel.consumers[declaration.tag] == nil else {
            let error = AMQPError(
                code: .unsupported,
                delivery: .notSent,
                message: "The consumer tag \(declaration.tag) is in use on this channel."
            )
            request.waiter.resume(returning: .failure(error))
            return
        }
        // A prefetch set before a consumer starts applies to that consumer only.
        _ = channel.machine.requested(id: 0, .qos)
        try wire.write(.method(channel: channel.key.number, .basicQos(prefetch: UInt16(declaration.prefetch))))
        channel.consumers[declaration.tag] = ChannelRecord.ConsumerRecord(receiver: receiver)
        try write(.basicConsume(declaration), .consume(tag: declaration.tag), request, channel, wire)
    }

    /// Starts to close a channel, unless its close has already begun.
    func closeChannel(_ key: ChannelKey, waitedForBy id: UInt64?) throws(AMQPError) {
        guard let wire, let channel = channel(key) else { return }
        if let id { channel.closers.append(id) }
        guard channel.machine.closeRequested() else { return }
        try wire.write(.method(channel: key.number, .channelClose(code: 200, text: "closed by the client")))
    }

    /// Completes an answered request.
    func resolve(
        _ pending: ChannelStateMachine.Pending,
        _ method: IncomingMethod,
        on channel: ChannelRecord
    ) throws(AMQPError) {
        if pending.id == 0 { return }
        let operation = operations.removeValue(forKey: pending.id)
        switch (pending.kind, method) {
        case (.channelOpen, _), (.confirmSelect, _):
            guard let operation, operation.waiter != nil else {
                try closeChannel(channel.key, waitedForBy: nil)
                return
            }
            let reply = Reply.channel(channel.key, frameMax: wire?.frameMax ?? 0, closed: channel.closed)
            operation.finish(.success(reply))
        case (.consume(let tag), _):
            guard channel.consumers[tag] != nil else { return }
            if let operation, operation.waiter != nil {
                operation.finish(.success(.done))
            } else {
                try stopAbandonedConsumer(tag, channel)
            }
        case (.cancel(let tag), _):
            end(consumer: tag, of: channel, nil)
            operation?.finish(.success(.done))
        case (_, .queueDeclareOk(let status)): operation?.finish(.success(.queue(status)))
        case (_, .queueDeleteOk(let count)), (_, .queuePurgeOk(let count)): operation?.finish(.success(.count(count)))
        case (.get, _): operation?.finish(.success(.message(nil)))
        default: operation?.finish(.success(.done))
        }
    }

    /// Cancels a consumer that is no longer awaited. Until the broker has stopped it, its deliveries are requeued.
    private func stopAbandonedConsumer(_ tag: String, _ channel: ChannelRecord) throws(AMQPError) {
        end(consumer: tag, of: channel, nil)
        guard let wire, channel.machine.requested(id: 0, .cancel(tag: tag)) else { return }
        try wire.write(.method(channel: channel.key.number, .basicCancel(tag: tag)))
    }

    /// Ends an operation whose caller was cancelled.
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

    /// Ends an operation whose deadline has passed.
    func expire(_ id: UInt64) {
        guard let operation = operations.removeValue(forKey: id) else { return }
        if case .written(let key, let tag) = operation.progress, let bytes = channel(key)?.confirms?.giveUp(tag: tag) {
            window.release(bytes)
        }
        var error = AMQPError(code: .timedOut, delivery: operation.delivery, message: "The deadline has passed.")
        if operation.isPublication, let reason = machine.blockedReason {
            error = AMQPError(
                code: .blocked,
                delivery: operation.delivery,
                message: "The broker takes no messages until the deadline: \(reason)"
            )
        }
        operation.finish(.failure(error))
    }
}
