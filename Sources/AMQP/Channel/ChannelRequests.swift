internal import Primitives

/// The requests of a connection's channels: written at once, answered in the order of their channel.
final class ChannelRequests {
    private let wire: any Wire
    private let channels: ChannelTable
    /// The callers that wait for a reply. Emptied when the connection ends.
    private var waiters: [UInt64: Waiter<Reply>] = [:]
    private var deadlines = DeadlineQueue<UInt64>()

    init(_ wire: any Wire, _ channels: ChannelTable) {
        self.wire = wire
        self.channels = channels
    }

    // MARK: Writing

    /// Writes a request.
    func submit(_ request: RequestSubmission) throws(AMQPError) {
        switch request.target {
        case .newChannel(let confirms): try open(request, confirms: confirms)
        case .closeChannel(let key):
            guard let channel = channels[key] else { return request.waiter.resume(returning: .success(.done)) }
            wait(for: request)
            channel.closers.append(request.id)
            try close(channel)
        case .method(let key, let method, let kind):
            guard let channel = usable(key, request.waiter) else { return }
            try write(method, kind, request, channel)
        case .consume(let key, let declaration, let target):
            guard let channel = usable(key, request.waiter) else { return }
            try consume(declaration, target, request, channel)
        }
    }

    /// Starts to close a channel, unless its close has already begun.
    func close(_ channel: ChannelRecord) throws(AMQPError) {
        guard channel.machine.closeRequested() else { return }
        try wire.write(.channelClose(code: 200, text: "closed by the client"), channel: channel.key.number)
    }

    private func usable(_ key: ChannelKey, _ waiter: Waiter<Reply>) -> ChannelRecord? {
        if let channel = channels[key], channel.machine.isOpen { return channel }
        waiter.resume(returning: .failure(.closed("channel")))
        return nil
    }

    private func wait(for request: RequestSubmission) {
        waiters[request.id] = request.waiter
        deadlines.insert(request.id, at: request.deadline.instant)
    }

    private func write(
        _ method: OutgoingMethod,
        _ kind: ReplyKind,
        _ request: RequestSubmission,
        _ channel: ChannelRecord
    ) throws(AMQPError) {
        guard channel.machine.requested(id: request.id, kind) else { return }
        wait(for: request)
        try wire.write(method, channel: channel.key.number)
    }

    private func open(_ request: RequestSubmission, confirms: Bool) throws(AMQPError) {
        let channel: ChannelRecord
        do throws(AMQPError) {
            channel = try channels.add(confirms: confirms)
        } catch { return request.waiter.resume(returning: .failure(error)) }
        if confirms {
            _ = channel.machine.requested(id: 0, .channelOpen)
            try wire.write(.channelOpen, channel: channel.key.number)
            try write(.confirmSelect, .confirmSelect, request, channel)
        } else {
            try write(.channelOpen, .channelOpen, request, channel)
        }
    }

    private func consume(
        _ declaration: ConsumerDeclaration,
        _ target: DeliveryTarget,
        _ request: RequestSubmission,
        _ channel: ChannelRecord
    ) throws(AMQPError) {
        guard channel.consumers[declaration.tag] == nil else {
            let error = AMQPError(
                code: .unsupported,
                delivery: .notSent,
                message: "The consumer tag \(declaration.tag) is in use on this channel."
            )
            return request.waiter.resume(returning: .failure(error))
        }
        // A prefetch set before a consumer starts applies to that consumer only.
        _ = channel.machine.requested(id: 0, .qos)
        try wire.write(.basicQos(prefetch: UInt16(declaration.prefetch)), channel: channel.key.number)
        channel.consumers[declaration.tag] = ChannelRecord.ConsumerRecord(target)
        try write(.basicConsume(declaration), .consume(tag: declaration.tag), request, channel)
    }

    // MARK: Replies

    /// Completes an answered request.
    func resolve(
        _ pending: ChannelStateMachine.Pending,
        _ method: IncomingMethod,
        on channel: ChannelRecord
    ) throws(AMQPError) {
        if pending.id == 0 { return }
        let waiter = waiters.removeValue(forKey: pending.id)
        switch (pending.kind, method) {
        case (.channelOpen, _), (.confirmSelect, _):
            guard let waiter else { return try close(channel) }
            let reply = Reply.channel(channel.key, frameMax: wire.frameMax, closed: channel.closed)
            waiter.resume(returning: .success(reply))
        case (.consume(let tag), _):
            guard channel.consumers[tag] != nil else { return }
            guard let waiter else { return try stopAbandonedConsumer(tag, channel) }
            waiter.resume(returning: .success(.done))
        case (.cancel(let tag), _):
            channel.end(consumer: tag, nil)
            waiter?.resume(returning: .success(.done))
        case (_, .queueDeclareOk(let status)): waiter?.resume(returning: .success(.queue(status)))
        case (_, .queueDeleteOk(let count)), (_, .queuePurgeOk(let count)):
            waiter?.resume(returning: .success(.count(count)))
        case (.get, _): waiter?.resume(returning: .success(.message(nil)))
        default: waiter?.resume(returning: .success(.done))
        }
    }

    /// Completes a `basic.get` with its message. Returns `false` when its caller no longer waits.
    func resolve(_ pending: ChannelStateMachine.Pending, _ content: Content) -> Bool {
        guard let waiter = waiters.removeValue(forKey: pending.id) else { return false }
        waiter.resume(returning: .success(.message(content)))
        return true
    }

    /// Cancels a consumer that is no longer awaited. Until the broker has stopped it, its deliveries are requeued.
    private func stopAbandonedConsumer(_ tag: String, _ channel: ChannelRecord) throws(AMQPError) {
        channel.end(consumer: tag, nil)
        guard channel.machine.requested(id: 0, .cancel(tag: tag)) else { return }
        try wire.write(.basicCancel(tag: tag), channel: channel.key.number)
    }

    // MARK: Ends without a reply

    /// Completes the calls that closed a channel.
    func resolveClosers(of channel: ChannelRecord) {
        for id in channel.closers { waiters.removeValue(forKey: id)?.resume(returning: .success(.done)) }
    }

    /// Fails requests that will not be answered.
    func fail(_ requests: [ChannelStateMachine.Pending], with error: AMQPError) {
        for pending in requests { fail(pending.id, with: error) }
    }

    /// Fails all requests.
    func failAll(with error: AMQPError) {
        for id in Array(waiters.keys) { fail(id, with: error) }
    }

    /// Ends a request whose caller was cancelled.
    func cancel(_ id: UInt64) {
        guard waiters[id] != nil else { return }
        fail(id, with: AMQPError(code: .cancelled, delivery: .unknown, message: "The task was cancelled."))
    }

    /// Ends the requests whose deadlines have passed.
    func expire(_ now: ContinuousClock.Instant) {
        while let id = deadlines.popExpired(now: now, isAlive: { waiters[$0] != nil }) {
            fail(id, with: AMQPError(code: .timedOut, delivery: .unknown, message: "The deadline has passed."))
        }
        deadlines.compact(alive: waiters.count) { waiters[$0] != nil }
    }

    /// Returns the next deadline of a request.
    func nextDeadline() -> ContinuousClock.Instant? { deadlines.next { waiters[$0] != nil } }

    private func fail(_ id: UInt64, with error: AMQPError) {
        waiters.removeValue(forKey: id)?.resume(returning: .failure(error))
    }
}
