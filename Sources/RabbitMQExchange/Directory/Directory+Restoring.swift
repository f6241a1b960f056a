internal import AMQP
internal import AgentExchange
internal import Logging
internal import Synchronization

/// What becomes of the directory when its stream was deleted and made again: it is read from the beginning, and those whom
/// it does not know any more are announced again.
extension Directory {
    /// Looks whether a record comes back. In a stream that was deleted and made again it does not: the broker waits for the
    /// place that was asked for.
    func check() async {
        do throws(ExchangeError) {
            try await fence(timeout: link.patience)
        } catch {
            guard error.code == .deadlineExceeded, link.isConnected else { return }
            let channel = state.withLock { state in
                state.isStartingOver = true
                return state.channel
            }
            try? await channel?.close(deadline: link.deadline)
        }
    }

    /// The broker ended the consumer: the stream was deleted, or its node went down. It is read from the beginning, and
    /// those whom it does not know any more are announced again.
    func replaced() async {
        let isNew = state.withLock { state in
            defer {
                state.nextOffset = nil
                if state.found == nil { state.found = [] }
            }
            return state.found == nil
        }
        if isNew { background.start { await self.restore() } }
        do throws(ExchangeError) {
            try await Topology.shared(link.names).declareOrFind(on: link)
        } catch {
            link.logger.warning("the directory could not be made again", metadata: .init(keys: [.error: "\(error)"]))
        }
    }

    /// Announces again who was registered and is not in the stream that is read now. Other sessions do that too; each waits
    /// a while, and then announces only who is still missing.
    ///
    /// Where owners are known, only those of this session's broker user: whoever announces an entity owns it.
    private func restore() async {
        try? await Task.sleep(for: .milliseconds(.random(in: 500...3000)))
        do throws(ExchangeError) {
            try await fence()
            let missing = state.withLock { state in
                let found = state.found ?? []
                state.found = nil
                return state.index.everyone.filter { entity in
                    let isOurs = state.owners.map { $0.owner(of: entity.id) == link.user } ?? true
                    return isOurs && !found.contains(entity.id)
                }
            }
            for entity in missing where try await link.lookAt(entity.id) != nil {
                try await announce(.registered(entity.id, lineage: entity.lineage))
            }
            guard !missing.isEmpty else { return }
            link.logger.warning(
                "the directory had lost registrations; they were announced again",
                metadata: .init(keys: [.count: "\(missing.count)"])
            )
        } catch {
            state.withLock { $0.found = nil }
            link.logger.warning(
                "the directory could not be looked through",
                metadata: .init(keys: [.error: "\(error)"])
            )
        }
    }

    static let anotherStream = AMQPError(
        code: .consumerCancelled,
        delivery: .notSent,
        message: "The stream is another one."
    )
}

extension Directory.State {
    /// Whether a record has a place before the one that was asked for: the stream was deleted and made again meanwhile.
    func isOfAnotherStream(_ offset: UInt64?) -> Bool {
        guard let offset, let nextOffset else { return false }
        return offset < nextOffset
    }
}
