internal import DequeModule
internal import Logging
internal import Synchronization

/// The start and the end of the connection.
extension ConnectionEngine {
    func open(_ deadline: Deadline) throws(AMQPError) {
        guard machine.openRequested() == .connect else { return }
        var settings = configuration
        shared.credentials.withLock { if let credentials = $0 { settings.credentials = credentials } }
        let login = try WireConnector(configuration: settings).connect(deadline: deadline)
        wire = login.wire
        channelMax = login.channelMax
        heartbeat = HeartbeatMonitor(interval: login.heartbeat, now: .now)
        shared.serverProperties.withLock { $0 = login.serverProperties }
        _ = machine.connected()
        shared.frameMax.store(login.wire.frameMax, ordering: .relaxed)
        shared.isOpen.store(true, ordering: .releasing)
        logger.debug("connected", metadata: ["broker": .string(login.endpoint.description)])
        shared.opened.resolve(.success(()))
    }

    func close(_ deadline: Deadline) throws(AMQPError) {
        let action = machine.closeRequested()
        guard action == .sendClose else {
            end(action)
            return
        }
        shared.isOpen.store(false, ordering: .releasing)
        refuseSubmissions(.closed("connection"))
        for id in backlog { operations.removeValue(forKey: id)?.finish(.failure(.closed("connection"))) }
        backlog.removeAll()
        closeDeadline = deadline.instant
        try wire?.write(.method(channel: 0, .connectionClose(code: 200, text: "closed by the client")))
    }

    func receivedOnConnection(_ method: IncomingMethod) throws(AMQPError) {
        let action = machine.received(method)
        switch action {
        case .blocked(let reason):
            logger.warning("the broker blocks publishing", metadata: ["reason": .string(reason)])
            shared.eventSource.yield(.blocked(reason: reason))
        case .unblocked:
            logger.info("the broker takes messages again")
            shared.eventSource.yield(.unblocked)
        case .answerClose: try wire?.write(.method(channel: 0, .connectionCloseOk))
        case .answerCloseAndEnd(let error):
            try? wire?.write(.method(channel: 0, .connectionCloseOk))
            _ = try? wire?.flush()
            end(.end(error))
        default: end(action)
        }
    }

    /// Carries out the end if the action is one.
    func end(_ action: ConnectionStateMachine.Action) {
        guard case .end(let error) = action else { return }
        let reason = error ?? .closed("connection", delivery: .unknown)
        shared.isOpen.store(false, ordering: .releasing)
        // Closes the descriptor first, so that the callers resumed below find it closed.
        wire?.close()
        wire = nil
        refuseSubmissions(reason)
        for channel in Array(channels.values) {
            for pending in channel.machine.connectionLost() {
                operations.removeValue(forKey: pending.id)?.finish(.failure(reason.with(delivery: .unknown)))
            }
            end(channel: channel, reason)
        }
        for operation in operations.values {
            operation.finish(.failure(reason.with(delivery: operation.delivery)))
        }
        operations.removeAll()
        backlog.removeAll()
        if let error { logger.debug("connection ended", metadata: ["error": .string(error.description)]) }
        shared.opened.resolve(.failure(reason.with(delivery: .notSent)))
        shared.closed.resolve(error)
        shared.eventSource.yield(.closed(error))
        shared.eventSource.finish()
    }

    private func refuseSubmissions(_ error: AMQPError) {
        refuse(shared.thread.inbox.refuse(with: error)[...], with: error)
    }

    /// Fails submissions that will not be carried out.
    func refuse(_ submissions: ArraySlice<Submission>, with error: AMQPError) {
        for submission in submissions {
            switch submission {
            case .publish(let publish): publish.waiter.resume(returning: .failure(error.with(delivery: .notSent)))
            case .request(let request): request.waiter.resume(returning: .failure(error.with(delivery: .notSent)))
            case .run(let body): body()
            case .open, .settle, .abandon, .cancel, .close: break
            }
        }
    }
}
