internal import AMQP
internal import AgentExchange
internal import Logging

/// Compacts the directory. A stream can't lose single records, so the valid ones are announced again in another stream.
///
/// Every session that serves dead letters runs one; a lock on the broker admits one of them. At every moment the stream
/// and its copy together are complete, so that a compaction may end after any step. A session that finds a copy
/// completes the stream from both and deletes the copy.
struct Compactor: Sendable {
    let session: Session

    /// Short-lived sessions do not start, because the directory has to be read from its beginning.
    private static let delay = Duration.seconds(2)

    /// The time between two checks of the stream when nothing arrives, and while another session compacts it.
    private static let pause = Duration.seconds(30)

    /// The number of records announced before waiting for their confirms.
    private static let width = 256

    /// The number of attempts to complete a stream before the compaction is given up.
    private static let attempts = 10

    private var link: BrokerLink { session.link }
    private var directory: Directory { session.directory }
    private var replica: DirectoryReplica { directory.replica }

    /// Runs until the task is cancelled, or the broker user turns out to lack the permission.
    func run() async {
        try? await Task.sleep(for: Self.delay)
        while !Task.isCancelled, !session.isEnding {
            directory.follower.begin()
            await replica.waitForGarbage(atMost: Self.pause)
            // Spreads the starts of sessions that learn of it at the same time.
            try? await Task.sleep(for: .milliseconds(.random(in: 0...1000)))
            guard !Task.isCancelled, replica.isDue else { continue }
            do throws(ExchangeError) {
                if try await compact() { continue }
            } catch let error where error.code == .forbidden {
                let text = "this broker user may not compact the directory; another session has to"
                return link.logger.info("\(text)", metadata: .init(keys: [.error: "\(error)"]))
            } catch {
                link.logger.warning(
                    "the directory could not be compacted; that is tried again",
                    metadata: .init(keys: [.error: "\(error)"])
                )
            }
            try? await Task.sleep(for: Self.pause)
        }
    }

    /// Compacts the directory, or completes an unfinished compaction.
    ///
    /// - Returns: `false` when another session is doing it.
    func compact() async throws(ExchangeError) -> Bool {
        try await directory.fence()
        guard replica.beginCompaction() else { return false }
        defer { replica.endCompaction() }
        guard let channel = try await lock() else { return false }
        do throws(ExchangeError) {
            try await compact(on: channel)
        } catch {
            await unlock(channel)
            throw error
        }
        await unlock(channel)
        return true
    }

    /// - Parameter channel: A channel of the connection that holds the lock, so that nothing is deleted when another
    ///   session may hold it.
    private func compact(on channel: Channel) async throws(ExchangeError) {
        let before = replica.length
        try await step(.locked)
        let namesOwners = try await mayNameOwners()
        let isUnfinished = try await link.hasCopyOfDirectory()
        let reread = replica.keepContents(rereads: isUnfinished)
        defer { replica.forgetContents() }
        try? await reread?.close(deadline: link.deadline)
        try await make(.copy, on: channel)
        try await step(.copyMade)
        try await directory.follower.followCopy()
        if !isUnfinished {
            try await wait()
            try await fill(.copy, namesOwners, on: channel)
            try await step(.copyFilled)
            try await delete(.main, on: channel)
            try await step(.mainDeleted)
        }
        try await make(.main, on: channel)
        try await step(.mainMade)
        try await fill(.main, namesOwners, on: channel)
        try await step(.mainFilled)
        try await wait()
        try await fill(.main, namesOwners, on: channel)
        try await step(.mainComplete)
        try await delete(.copy, on: channel)
        directory.follower.dropCopy()
        try await step(.copyDeleted)
        link.logger.notice(
            "the directory was compacted",
            metadata: .init(keys: [.count: "\(replica.length)", .reason: "it had \(before) records"])
        )
    }

    /// Waits for the records on their way: those that the broker routed before a stream was bound.
    private func wait() async throws(ExchangeError) {
        do {
            try await Task.sleep(for: link.configuration.compactionGrace)
        } catch {
            throw ExchangeError(.cancelled, "the session is closed")
        }
    }

    /// Makes and binds a stream. A copy that can't be bound is deleted, because no session could read a fence in it.
    private func make(_ stream: DirectoryStream, on channel: Channel) async throws(ExchangeError) {
        let (topology, deadline) = (Topology.directory(stream, link.names), link.deadline)
        try await attempt("can't make a stream") { () throws(AMQPError) in
            for queue in topology.queues { _ = try await channel.declareQueue(queue, deadline: deadline) }
        }
        do throws(ExchangeError) {
            try await attempt("can't bind a stream") { () throws(AMQPError) in
                for binding in topology.bindings {
                    try await channel.bindQueue(
                        binding.queue,
                        to: binding.exchange,
                        routingKey: binding.key,
                        deadline: deadline
                    )
                }
            }
        } catch let error where error.code == .forbidden && stream == .copy {
            let name = link.names.directory(.copy)
            _ = try? await link.declare("can't delete a stream") { (channel) throws(AMQPError) in
                try await channel.deleteQueue(name, deadline: deadline)
            }
            throw error
        }
    }

    /// Returns whether the broker accepts this session's records about owners. Where senders must be known, no other
    /// session may compact.
    private func mayNameOwners() async throws(ExchangeError) -> Bool {
        let user = link.user
        let hasOtherOwners = replica.read { index in
            index.entries.values.contains { $0.owner.user != nil && $0.owner.user != user }
        }
        guard hasOtherOwners else { return true }
        do throws(ExchangeError) {
            try await directory.writer.announce(.owned("", []))
            return true
        } catch let error where error.code == .forbidden && !link.configuration.requiresUserID {
            return false
        }
    }

    private func delete(_ stream: DirectoryStream, on channel: Channel) async throws(ExchangeError) {
        let (name, deadline) = (link.names.directory(stream), link.deadline)
        try await attempt("can't delete a stream") { () throws(AMQPError) in
            _ = try await channel.deleteQueue(name, deadline: deadline)
        }
    }

    /// Announces a stream's missing records, until a fence shows that none is missing.
    ///
    /// - Parameter channel: The channel of the lock. A session that has lost the lock stops at once, because its records may
    ///   be older than the compaction of another session.
    private func fill(
        _ stream: DirectoryStream,
        _ namesOwners: Bool,
        on channel: Channel
    ) async throws(ExchangeError) {
        for _ in 0..<Self.attempts {
            try await directory.fence()
            guard let missing = replica.missingRecords(in: stream, writer: link.user, owners: namesOwners) else {
                try await directory.follower.followCopy()
                continue
            }
            if missing.isEmpty { return }
            for start in stride(from: 0, to: missing.count, by: Self.width) {
                guard channel.isOpen else { throw ExchangeError(.connectionLost, "the lock of the directory is lost") }
                try await directory.writer.announce(Array(missing[start..<min(start + Self.width, missing.count)]))
            }
        }
        throw ExchangeError(.internal, "a stream of the directory does not keep its records")
    }

    // MARK: The lock

    /// Takes the lock, an exclusive queue. Returns `nil` when another session has it.
    private func lock() async throws(ExchangeError) -> Channel? {
        let lock = QueueDeclaration(
            name: link.names.compactionLock,
            durable: false,
            exclusive: true,
            autoDelete: false
        )
        do {
            let deadline = link.deadline
            let channel = try await link.consumer.openChannel(confirms: false, deadline: deadline)
            _ = try await channel.declareQueue(lock, deadline: deadline)
            return channel
        } catch let error where error.code == .resourceLocked {
            return nil
        } catch {
            throw ExchangeError(error, "can't take the lock of the directory")
        }
    }

    private func unlock(_ channel: Channel) async {
        try? await channel.close(deadline: link.deadline)
        let (name, deadline) = (link.names.compactionLock, link.deadline)
        _ = try? await link.declare("can't give up a lock") { (channel) throws(AMQPError) in
            try await channel.deleteQueue(name, deadline: deadline)
        }
    }

    private func attempt(_ what: String, _ body: () async throws(AMQPError) -> Void) async throws(ExchangeError) {
        do {
            try await body()
        } catch {
            throw ExchangeError(error, what)
        }
    }

    private func step(_ step: CompactionStep) async throws(ExchangeError) {
        guard let observer = CompactionStep.observer else { return }
        do {
            try await observer(step)
        } catch {
            throw ExchangeError(.cancelled, "the compaction ends after \(step)")
        }
    }
}
