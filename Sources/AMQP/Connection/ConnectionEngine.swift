internal import Logging
internal import Primitives
internal import Synchronization

/// The life of a connection: login, turns of the I/O thread, heartbeats, close. Isolated to the connection's actor, and
/// so to its thread.
final class ConnectionEngine {
    private let configuration: ConnectionConfiguration
    private let shared: ConnectionShared
    private let logger: Logger

    private var machine = ConnectionStateMachine()
    /// From the login to the end of the connection.
    private var channels: ChannelEngine?
    private var heartbeat = HeartbeatMonitor(interval: .zero, now: .now)
    private var closeDeadline: ContinuousClock.Instant?
    /// Whether a function was called that may have made submissions.
    private var hasRun = false

    init(configuration: ConnectionConfiguration, shared: ConnectionShared, logger: Logger) {
        self.configuration = configuration
        self.shared = shared
        var logger = logger
        logger[metadataKey: "connection"] = .string(configuration.name)
        self.logger = logger
    }

    /// Runs one turn of the I/O thread: takes submissions, writes, reads, delivers, and checks the deadlines.
    func turn(readable: Bool, _ submissions: [Submission]) -> IOThread.Turn {
        var more = false
        do throws(AMQPError) {
            try handle(submissions)
            if hasRun {
                hasRun = false
                try handle(shared.thread.submissions.takeSubmissions())
            }
            try write()
            // A thread that was not run for long may have heartbeats to read before it judges the silence.
            if readable || heartbeat.isPeerSilent(.now), let channels {
                more = try receive(channels)
                // Receivers may have acknowledged on this thread; those acknowledgements go out at once.
                try handle(shared.thread.submissions.takeSubmissions())
            }
            try write()
            // Room in the window that came free at a deadline is used at once.
            if try checkClock() { more = true }
        } catch {
            end(machine.failed(error))
        }
        if machine.state == .closed { return .end }
        if more { return .again }
        return .wait(
            IOThread.Wait(
                descriptor: channels?.wire.descriptor ?? -1,
                forWriting: channels?.wire.wantsWrite ?? false,
                until: nextInstant()
            )
        )
    }

    // MARK: Submissions

    private func handle(_ submissions: [Submission]) throws(AMQPError) {
        for (index, submission) in submissions.enumerated() {
            do throws(AMQPError) {
                try handle(submission)
            } catch {
                refuse(submissions[(index + 1)...], with: error)
                throw error
            }
        }
    }

    private func handle(_ submission: Submission) throws(AMQPError) {
        switch submission {
        case .open(let deadline): try open(deadline)
        case .publish(let carrier, let queue): publish(queue, on: carrier, orEndWith: .closed("connection"))
        case .request(let request):
            guard machine.isOpen, let channels else { return refuse([submission], with: .closed("connection")) }
            try channels.submit(request)
        case .run(let body):
            hasRun = true
            body()
        case .settle(let key, let tag, let multiple, let decision):
            channels?.acknowledgements.settle(key, tag, multiple, decision)
        case .abandon(let key): try channels?.abandon(key)
        case .cancelRequest(let id): channels?.requests.cancel(id)
        case .close(let deadline): try close(deadline)
        }
    }

    /// Takes publications of an queue, which end with their channel if they can't be written any more.
    private func publish(_ queue: PublicationQueue, on carrier: Carrier, orEndWith error: AMQPError) {
        if let channels { return channels.publications.add(queue, for: carrier) }
        queue.channelEnded(carrier, error)
    }

    /// Refuses all further submissions, and fails those that were not taken.
    private func refuseSubmissions(_ error: AMQPError) {
        refuse(shared.thread.submissions.refuse(with: error)[...], with: error)
    }

    /// Fails submissions that will not be carried out.
    private func refuse(_ submissions: ArraySlice<Submission>, with error: AMQPError) {
        for submission in submissions {
            switch submission {
            case .publish(let carrier, let queue): publish(queue, on: carrier, orEndWith: error)
            case .request(let request): request.waiter.resume(returning: .failure(error.with(delivery: .notSent)))
            case .run(let body): body()
            case .open, .settle, .abandon, .cancelRequest, .close: break
            }
        }
    }

    // MARK: The socket

    private var mayPublish: Bool { machine.isOpen && machine.blockedReason == nil }

    /// Writes publications, acknowledgements and other buffered frames, as far as the socket accepts them.
    private func write() throws(AMQPError) {
        guard let channels else { return }
        var isMore = true
        while isMore {
            isMore = try channels.publications.write(whenOpen: mayPublish)
            try channels.acknowledgements.write()
            if try channels.wire.flush() { heartbeat.sent(.now) }
            isMore = isMore && channels.wire.unsent == 0
        }
    }

    private func receive(_ channels: ChannelEngine) throws(AMQPError) -> Bool {
        var failure: AMQPError?
        let result = try channels.wire.receive { frame in
            guard failure == nil, machine.state != .closed else { return }
            do throws(AMQPError) { try received(frame, channels) } catch { failure = error }
        }
        if result.received { heartbeat.received(.now) }
        channels.deliverBatches()
        if let failure { throw failure }
        return result.more
    }

    private func received(_ frame: IncomingFrame, _ channels: ChannelEngine) throws(AMQPError) {
        switch frame {
        case .heartbeat: break
        case .method(0, let method): try received(method, channels.wire)
        case .header(0, _, _, _), .body(0, _): throw .protocolViolation("Content arrived on channel zero.")
        case .method(let number, _), .header(let number, _, _, _), .body(let number, _):
            let isKnown = try channels.received(frame, on: number)
            // While the connection closes, the broker may still send frames for closed channels.
            if !isKnown, machine.isOpen {
                throw .protocolViolation("A frame arrived for channel \(number), which is not open.")
            }
        }
    }

    /// Handles a method on channel zero.
    private func received(_ method: IncomingMethod, _ wire: any Wire) throws(AMQPError) {
        let action = machine.received(method)
        switch action {
        case .blocked(let reason):
            logger.warning("the broker blocks publishing", metadata: ["reason": .string(reason)])
            shared.eventSource.yield(.blocked(reason: reason))
        case .unblocked:
            logger.info("the broker takes messages again")
            shared.eventSource.yield(.unblocked)
        case .answerClose: try wire.write(.connectionCloseOk, channel: 0)
        case .answerCloseAndEnd(let error):
            try? wire.write(.connectionCloseOk, channel: 0)
            _ = try? wire.flush()
            end(.end(error))
        default: end(action)
        }
    }

    // MARK: The clock

    /// Ends overdue requests and publications, and checks the heartbeats. Returns whether a publication ended.
    private func checkClock() throws(AMQPError) -> Bool {
        guard let channels else { return false }
        let now = ContinuousClock.now
        let isLate = channels.expire(now, blockedReason: machine.blockedReason)
        if let closeDeadline, closeDeadline <= now {
            end(machine.closeTimedOut())
            return false
        }
        if heartbeat.isPeerSilent(now) {
            throw AMQPError(
                code: .heartbeatMissed,
                delivery: .unknown,
                message: "The broker was silent for two heartbeat intervals."
            )
        }
        if heartbeat.mustSend(now) {
            // With unsent data the peer is not reading, and would not read another heartbeat.
            if channels.wire.unsent == 0 { channels.wire.writeHeartbeat() }
            _ = try channels.wire.flush()
            heartbeat.sent(now)
        }
        return isLate
    }

    private func nextInstant() -> ContinuousClock.Instant? {
        .earlier(.earlier(closeDeadline, channels?.nextDeadline()), heartbeat.next)
    }

    // MARK: Start and end

    private func open(_ deadline: Deadline) throws(AMQPError) {
        guard machine.openRequested() == .connect else { return }
        var settings = configuration
        shared.credentials.withLock { if let credentials = $0 { settings.credentials = credentials } }
        let login = try WireConnector(configuration: settings).connect(deadline: deadline)
        channels = ChannelEngine(login, configuration, logger)
        heartbeat = HeartbeatMonitor(interval: login.heartbeat, now: .now)
        shared.serverProperties.withLock { $0 = login.serverProperties }
        let address = SocketOptions.localAddress(login.wire.descriptor)
        shared.localAddress.withLock { $0 = address }
        _ = machine.connected()
        shared.frameMax.store(login.wire.frameMax, ordering: .relaxed)
        shared.isOpen.store(true, ordering: .releasing)
        logger.debug("connected", metadata: ["broker": .string(login.endpoint.description)])
        shared.opened.set(.success(()))
    }

    private func close(_ deadline: Deadline) throws(AMQPError) {
        try channels?.acknowledgements.write()
        let action = machine.closeRequested()
        guard action == .sendClose else {
            end(action)
            return
        }
        shared.isOpen.store(false, ordering: .releasing)
        refuseSubmissions(.closed("connection"))
        closeDeadline = deadline.instant
        try channels?.wire.write(.connectionClose(code: 200, text: "closed by the client"), channel: 0)
    }

    /// Carries out the end if the action is one.
    private func end(_ action: ConnectionStateMachine.Action) {
        guard case .end(let error) = action else { return }
        let reason = error ?? .closed("connection", delivery: .unknown)
        shared.isOpen.store(false, ordering: .releasing)
        // Closes the descriptor first, so that the callers resumed below find it closed.
        channels?.wire.close()
        refuseSubmissions(reason)
        channels?.end(reason)
        channels = nil
        if let error { logger.debug("connection ended", metadata: ["error": .string(error.description)]) }
        shared.opened.set(.failure(reason.with(delivery: .notSent)))
        shared.closed.set(error)
        shared.eventSource.yield(.closed(error))
        shared.eventSource.finish()
    }
}
