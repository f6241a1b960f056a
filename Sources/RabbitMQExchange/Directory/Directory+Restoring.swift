internal import AMQP
internal import AgentExchange
internal import Logging
internal import Synchronization

/// Restores the directory after its stream was deleted and recreated. It is read from the beginning, together with the
/// copy that a compaction makes, and entities that neither has are announced again.
extension Directory {
    /// Handles the end of a stream's consumer: the stream was deleted, or its node went down.
    func replaced(_ stream: DirectoryStream) async {
        switch stream {
        case .main:
            state.withLock { state in
                state.needsLook = true
                state.fences.unsee(.main)
                guard state.readers[.main] != nil else { return }
                state.readers[.main]?.isCaughtUp = false
                state.readers[.main]?.isStartingOver = true
            }
            do throws(ExchangeError) {
                try await Topology.shared(link.names).declareOrFind(on: link)
            } catch {
                link.logger.warning(
                    "the directory could not be made again",
                    metadata: .init(keys: [.error: "\(error)"])
                )
            }
            background.start { await self.catchUp() }
        case .copy:
            // The end of a compaction, or its node is down.
            do throws(ExchangeError) {
                if try await !hasCopyOnBroker() { dropCopy() }
            } catch {
                link.logger.debug("the copy can't be looked at", metadata: .init(keys: [.error: "\(error)"]))
            }
        }
    }

    /// Returns whether a copy exists on the broker.
    func hasCopyOnBroker() async throws(ExchangeError) -> Bool {
        try await link.status(ofQueue: link.names.directory(.copy)) != nil
    }

    /// Drops the reader of a deleted copy: from now on only the stream counts.
    func dropCopy() {
        let (ended, mustRestore) = state.withLock { state in
            state.readers[.copy]?.consumer.stop()
            state.readers[.copy] = nil
            let mustRestore = settle(&state)
            return (state.complete(), mustRestore)
        }
        conclude(ended)
        if mustRestore { background.start { await self.restore() } }
    }

    /// Checks for a copy, and reads it too if it exists. The stream is already being read; without a copy it is
    /// complete.
    func look() async {
        var isThere = false
        do throws(ExchangeError) {
            isThere = try await hasCopyOnBroker()
            if isThere { try await followCopy() }
        } catch let error where error.code == .forbidden {
            link.logger.warning(
                "the directory is being compacted, and this broker user may not read its copy",
                metadata: .init(keys: [.queue: link.names.directory(.copy), .error: "\(error)"])
            )
        } catch {
            // The next fence triggers another check.
            return state.withLock { $0.isLooking = false }
        }
        let (ended, mustRestore, order) = state.withLock { state in
            state.isLooking = false
            state.needsLook = false
            let mustRestore = settle(&state)
            let ended = state.complete()
            return (ended, mustRestore, isThere && ended.next == nil ? state.fences.current : nil)
        }
        conclude(ended)
        if mustRestore { background.start { await self.restore() } }
        // The published fence may be older than the copy.
        if let order { repeatFence(order) }
    }

    /// Reads the copy too, unless it is being read.
    func followCopy() async throws(ExchangeError) {
        let new = state.withLock { state -> StandingConsumer? in
            guard state.readers[.copy] == nil, state.readers[.main] != nil else { return nil }
            let reader = makeReader(of: .copy)
            state.readers[.copy] = reader
            return reader.consumer
        }
        guard let new else { return }
        do {
            try await link.consumer.perform(deadline: link.deadline) { (connection) throws(AMQPError) in
                try await new.start(on: connection)
            }
        } catch {
            new.stop()
            state.withLock { if $0.readers[.copy]?.consumer === new { $0.readers[.copy] = nil } }
            if error.code == .notFound { return }
            throw ExchangeError(error, "the copy of the directory can't be read")
        }
    }

    /// Announces again the registered entities that are missing in the current streams. Other sessions do so too; each
    /// waits a while, then announces only the ones still missing. An entity that is missing and has no queue is
    /// forgotten: it was terminated long ago.
    ///
    /// Where owners must be known, only entities of this session's broker user are announced, because the announcing
    /// user owns them.
    func restore() async {
        try? await Task.sleep(for: .milliseconds(.random(in: 500...3000)))
        do throws(ExchangeError) {
            try await fence()
            let missing = takeMissing()
            var count = 0
            for entry in missing {
                guard try await link.lookAt(entry.id) != nil else {
                    state.withLock { state in
                        if let change = state.index.forget(entry.id) { state.tell([change]) }
                    }
                    continue
                }
                if link.configuration.requiresUserID, entry.owner.user != link.user { continue }
                try await announce(.registered(entry.id, lineage: entry.lineage), time: entry.time)
                count += 1
            }
            guard count > 0 else { return }
            link.logger.warning(
                "the directory had lost registrations; they were announced again",
                metadata: .init(keys: [.count: "\(count)"])
            )
        } catch let error where error.code == .closed || error.code == .cancelled {
            _ = takeMissing()
        } catch {
            _ = takeMissing()
            link.logger.warning(
                "the directory could not be looked through",
                metadata: .init(keys: [.error: "\(error)"])
            )
        }
    }

    /// Returns the known entities that are in no stream, and ends the comparison.
    private func takeMissing() -> [DirectoryIndex.Entry] {
        state.withLock { state in
            let contents = state.readers.values.compactMap(\.contents)
            state.isRestoring = false
            state.lacksRegistrations = false
            if !state.keepsContents { state.dropContents() }
            return state.index.missing(in: DirectoryIndex()).filter { entry in
                contents.allSatisfy { $0.state(of: entry.id) == .missing }
            }
        }
    }
}
