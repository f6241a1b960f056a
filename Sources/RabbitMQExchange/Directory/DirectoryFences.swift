internal import AMQP
internal import AgentExchange
internal import Logging
internal import Primitives

/// The fences of this session, which make answers complete: publishes them until they were read, and has callers wait.
struct DirectoryFences: Sendable {
    let writer: DirectoryWriter
    let background: BackgroundTasks
    /// Whether callers wait as long as reading makes progress, rather than for the time of an operation.
    let isPatient: Bool

    /// The time without a record after which a patient caller gives up at the earliest.
    private static let standstill = Duration.seconds(5)

    var link: BrokerLink { writer.link }
    var replica: DirectoryReplica { writer.replica }

    /// Waits until every record announced before the call has been read. Concurrent callers share a fence.
    ///
    /// - Parameters:
    ///   - timeout: How long to wait; by default the time of an operation.
    ///   - isPatient: Whether to wait on, without a timeout, as long as the first replay makes progress.
    func wait(timeout: Duration? = nil, isPatient: Bool = false) async throws(ExchangeError) {
        let isPatient = (isPatient || self.isPatient) && timeout == nil
        let limit = timeout ?? link.configuration.operationTimeout
        let signal = FenceLedger.Waiter()
        let (number, order) = replica.join(signal)
        if let order { publish(order) }
        var read = replica.progress
        var since = ContinuousClock.now
        while true {
            switch await signal.wait(until: .now + limit) {
            case .success?: return
            case .failure(let error)?: throw error
            case nil: break
            }
            if isPatient, !Task.isCancelled, let now = replica.progress {
                if now != read {
                    link.logger.info("the directory is still being read", metadata: .init(keys: [.count: "\(now)"]))
                    (read, since) = (now, .now)
                }
                if since.duration(to: .now) < Self.standstill { continue }
            }
            replica.leave(number)
            if Task.isCancelled { throw ExchangeError(.cancelled, "the calling task was cancelled") }
            throw late(replica.progress ?? 0)
        }
    }

    private func late(_ records: Int) -> ExchangeError {
        let text =
            records > 0
            ? "the directory is still being read; that goes on, and the next question joins it"
            : "the directory could not be read in time"
        return ExchangeError(.deadlineExceeded, text, underlying: LateDirectory(records: records))
    }

    /// Resumes callers and publishes fences.
    func perform(_ work: FenceLedger.Work) {
        for waiter in work.waiters { waiter.set(.success(())) }
        if let order = work.begun { publish(order) }
        if let order = work.repeated { background.start { try? await writer.announce(.fence(order.id)) } }
    }

    /// Ends every wait with an error.
    func fail(_ error: ExchangeError) {
        for waiter in replica.failFences() { waiter.set(.failure(error)) }
    }

    /// Publishes a fence, and another if it is lost, until its wave has ended.
    private func publish(_ order: FenceLedger.Order) {
        background.start { await keepPublishing(order) }
    }

    private func keepPublishing(_ first: FenceLedger.Order) async {
        var order = first
        while true {
            do {
                try await writer.announce(.fence(order.id))
            } catch {
                return fail(error)
            }
            while true {
                let before = replica.reads
                if await order.ended.wait(until: .now + link.patience) != nil || Task.isCancelled { return }
                // A long replay reaches the fence in the end.
                if replica.isCatchingUp, replica.standstills(since: before).isEmpty { continue }
                startOver(stuck: before)
                await bindCopy(stuck: before)
                break
            }
            guard let next = replica.repeatFence(order) else { return }
            link.logger.debug("a fence of the directory did not come back; another one follows")
            order = next
        }
    }

    /// Restarts streams that brought no record: in a new stream the broker would wait for the requested offset, and a
    /// stream may be bound in vain (``Topology/boundAnew()``).
    private func startOver(stuck before: [DirectoryStream: Int]) {
        guard link.isConnected else { return }
        for channel in replica.startOver(stuck: before) {
            background.start { try? await channel.close(deadline: link.deadline) }
        }
    }

    /// Binds a copy from which nothing was ever read. The session that made it may have died before binding it, so that
    /// no fence reaches it.
    private func bindCopy(stuck before: [DirectoryStream: Int]) async {
        guard before[.copy] == 0, replica.reads[.copy] == 0, (try? await link.objects.hasCopyOfDirectory()) == true
        else {
            return
        }
        try? await Topology.directory(.copy, link.names).boundAnew().declare(on: link)
    }
}

/// The broker has not brought the whole directory yet.
private struct LateDirectory: BrokerFault, CustomStringConvertible {
    let records: Int
    var isAboutThePlace: Bool { false }
    var description: String { "\(records) records so far" }
}
