internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging
internal import Synchronization

/// Fences, which make answers complete.
extension Directory {
    /// How long the first replay is followed without a caller.
    private static let catchingUp = Duration.seconds(60)

    /// Waits until every record announced before the call has been read. Concurrent callers share a fence.
    func fence(timeout: Duration? = nil) async throws(ExchangeError) {
        let limit = timeout ?? link.configuration.operationTimeout
        let signal = FenceLedger.Waiter()
        beginFollowing()
        let (number, order) = state.withLock { state in
            state.lastCaller += 1
            return (state.lastCaller, state.fences.join(state.lastCaller, signal))
        }
        if let order { publish(order) }
        var read = progress
        while true {
            switch await signal.wait(until: .now + limit) {
            case .success?: return
            case .failure(let error)?: throw error
            case nil: break
            }
            if isPatient, timeout == nil, !Task.isCancelled, let now = progress, now != read {
                read = now
                continue
            }
            state.withLock { $0.fences.leave(number) }
            if Task.isCancelled { throw ExchangeError(.cancelled, "the calling task was cancelled") }
            throw ExchangeError(.deadlineExceeded, lateness)
        }
    }

    /// The number of records read until the first replay is complete; `nil` afterwards.
    private var progress: Int? {
        state.withLock { $0.isCaughtUp ? nil : $0.readers.values.reduce(0) { $0 + $1.reads } }
    }

    private var lateness: String {
        guard let progress, progress > 0 else { return "the directory could not be read in time" }
        return
            "the directory is still being read, \(progress) records so far; it goes on, and the next question joins it"
    }

    /// Whether every existing record has been read at least once.
    var isCaughtUp: Bool { state.withLock { $0.isCaughtUp } }

    /// Whether the first replay is in progress.
    var isCatchingUp: Bool { state.withLock { !$0.readers.isEmpty && !$0.isCaughtUp } }

    /// Follows the streams until every existing record was read, even without a caller.
    func catchUp() async {
        while !Task.isCancelled {
            do throws(ExchangeError) {
                return try await fence(timeout: Self.catchingUp)
            } catch {
                guard error.code == .deadlineExceeded else { return }
            }
        }
    }

    /// Publishes a fence, and another if it is lost, until its wave has ended.
    func publish(_ order: FenceLedger.Order) {
        background.start { await self.keepPublishing(order) }
    }

    private func keepPublishing(_ first: FenceLedger.Order) async {
        var order = first
        while true {
            do {
                try await announce(.fence(order.id))
            } catch {
                return fail(error)
            }
            while true {
                let before = reads
                if await order.ended.wait(until: .now + link.patience) != nil || Task.isCancelled { return }
                let now = reads
                // A long replay reaches the fence in the end.
                if isCatchingUp, DirectoryStream.allCases.contains(where: { before[$0] != now[$0] }) { continue }
                startOver(stuck: before)
                await bindCopy(stuck: before)
                break
            }
            guard let next = state.withLock({ $0.fences.again(order) }) else { return }
            link.logger.debug("a fence of the directory did not come back; another one follows")
            order = next
        }
    }

    private var reads: [DirectoryStream: Int] {
        state.withLock { $0.readers.mapValues(\.reads) }
    }

    /// Restarts streams that brought no record: in a new stream the broker would wait for the requested offset.
    private func startOver(stuck before: [DirectoryStream: Int]) {
        guard link.isConnected else { return }
        let channels = state.withLock { state in
            DirectoryStream.allCases.compactMap { stream -> Channel? in
                guard let reader = state.readers[stream], reader.reads == before[stream], reader.expected != nil,
                    !state.fences.isSeen(in: stream)
                else { return nil }
                return state.readers[stream]?.startOver()
            }
        }
        for channel in channels { background.start { [self] in try? await channel.close(deadline: link.deadline) } }
    }

    /// Binds a copy from which nothing was ever read. The session that made it may have died before binding it, so that
    /// no fence reaches it.
    private func bindCopy(stuck before: [DirectoryStream: Int]) async {
        let isEmpty = state.withLock { $0.readers[.copy]?.reads == 0 && before[.copy] == 0 }
        guard isEmpty, (try? await hasCopyOnBroker()) == true else { return }
        try? await Topology.directory(.copy, link.names).declare(on: link)
    }

    /// Publishes another fence for a wave, because earlier ones may not have reached all streams.
    func repeatFence(_ order: FenceLedger.Order) {
        guard let next = state.withLock({ $0.fences.again(order) }) else { return }
        guard next.ended === order.ended else { return publish(next) }
        background.start { try? await self.announce(.fence(next.id)) }
    }

    /// Ends every wait with an error.
    func fail(_ error: ExchangeError) {
        let waiters = state.withLock { $0.fences.fail() }
        for waiter in waiters { waiter.send(.failure(error)) }
    }

    /// Resumes the callers of an ended wave, and publishes the fence of the next.
    func conclude(_ ended: (waiters: [FenceLedger.Waiter], next: FenceLedger.Order?)) {
        for waiter in ended.waiters { waiter.send(.success(())) }
        if let next = ended.next { publish(next) }
    }
}
