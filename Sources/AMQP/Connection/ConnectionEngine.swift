internal import DequeModule
internal import Logging

/// Carries out the decisions of a connection's state machines. Isolated to the connection's actor, and so to its
/// thread.
final class ConnectionEngine {
    let configuration: ConnectionConfiguration
    let shared: ConnectionShared
    let logger: Logger

    var machine = ConnectionStateMachine()
    var wire: (any Wire)?
    var heartbeat = HeartbeatMonitor(interval: .zero, now: .now)
    var channelMax = 0
    var channels: [UInt16: ChannelRecord] = [:]
    var lastNumber: UInt16 = 0
    var lastGeneration: UInt32 = 0

    /// The operations that callers wait for. The ledger is emptied when the connection ends.
    var operations: [UInt64: Operation] = [:]
    var deadlines = DeadlineQueue()
    /// Publications that wait for the window, the socket or the end of an alarm, in order.
    var backlog: Deque<UInt64> = []
    var window: WindowAccount
    var closeDeadline: ContinuousClock.Instant?

    var acknowledging: [ChannelRecord] = []
    var receiving: [ChannelRecord.ConsumerRecord] = []
    var settlements: [ConfirmLedger.Settlement] = []
    /// Whether a function was called that may have made submissions.
    private var hasRun = false

    /// The number of unsent bytes above which publications wait; a waiting publication is known to be `notSent`.
    static let highWater = 512 << 10

    init(configuration: ConnectionConfiguration, shared: ConnectionShared, logger: Logger) {
        self.configuration = configuration
        self.shared = shared
        var logger = logger
        logger[metadataKey: "connection"] = .string(configuration.name)
        self.logger = logger
        window = WindowAccount(configuration.publishWindow)
    }

    /// Runs one turn of the I/O thread: takes submissions, writes, reads, delivers, and checks the deadlines.
    func turn(readable: Bool, _ submissions: [Submission]) -> IOThread.Turn {
        var more = false
        do throws(AMQPError) {
            try handle(submissions)
            if hasRun {
                hasRun = false
                try handle(shared.thread.inbox.takeSubmissions())
            }
            try writeWaiting()
            if readable, let wire {
                more = try receive(wire)
                // Receivers may have acknowledged on this thread; those acknowledgements go out at once.
                try handle(shared.thread.inbox.takeSubmissions())
            }
            try writeWaiting()
            try checkClock()
        } catch {
            end(machine.failed(error))
        }
        if machine.state == .closed { return .end }
        if more { return .again }
        return .wait(
            descriptor: wire?.descriptor ?? -1,
            forWriting: wire?.wantsWrite ?? false,
            until: nextInstant()
        )
    }

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
        case .request, .abandon, .close:
            // An acknowledgement made before a request takes effect before it.
            if let wire { try writeAcknowledgements(wire) }
        case .open, .publish, .run, .settle, .cancel: break
        }
        switch submission {
        case .open(let deadline): try open(deadline)
        case .publish(let publish): enqueue(publish)
        case .request(let request): try self.request(request)
        case .run(let body):
            hasRun = true
            body()
        case .settle(let key, let tag, let multiple, let decision): settle(key, tag, multiple, decision)
        case .abandon(let key): try closeChannel(key, waitedForBy: nil)
        case .cancel(let id): cancel(id)
        case .close(let deadline): try close(deadline)
        }
    }

    /// Writes publications, acknowledgements and other buffered frames, as far as the socket accepts them.
    private func writeWaiting() throws(AMQPError) {
        guard let wire else { return }
        repeat {
            try writeBacklog(wire)
            try writeAcknowledgements(wire)
            if try wire.flush() { heartbeat.sent(.now) }
        } while wire.unsent == 0 && canWriteBacklog(wire)
    }

    private func receive(_ wire: any Wire) throws(AMQPError) -> Bool {
        var failure: AMQPError?
        let result = try wire.receive { frame in
            guard failure == nil, machine.state != .closed else { return }
            do throws(AMQPError) { try received(frame) } catch { failure = error }
        }
        if result.received { heartbeat.received(.now) }
        deliverBatches()
        if let failure { throw failure }
        return result.more
    }

    private func checkClock() throws(AMQPError) {
        guard let wire else { return }
        let now = ContinuousClock.now
        while let id = deadlines.popExpired(now: now, isAlive: { operations[$0] != nil }) { expire(id) }
        deadlines.compact(alive: operations.count) { operations[$0] != nil }
        if let closeDeadline, closeDeadline <= now { end(machine.closeTimedOut()) }
        if heartbeat.isPeerSilent(now) {
            throw AMQPError(
                code: .heartbeatMissed,
                delivery: .unknown,
                message: "The broker was silent for two heartbeat intervals."
            )
        }
        if heartbeat.mustSend(now) {
            // With unsent data the peer is not reading, and would not read another heartbeat.
            if wire.unsent == 0 { try wire.write(.heartbeat) }
            _ = try wire.flush()
            heartbeat.sent(now)
        }
    }

    private func nextInstant() -> ContinuousClock.Instant? {
        let due = Self.earlier(closeDeadline, deadlines.next { operations[$0] != nil })
        return Self.earlier(heartbeat.next, due)
    }

    private static func earlier(
        _ one: ContinuousClock.Instant?,
        _ other: ContinuousClock.Instant?
    ) -> ContinuousClock.Instant? {
        guard let one, let other else { return one ?? other }
        return min(one, other)
    }
}
