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
                link.logger.info("\(text)", metadata: .init(keys: [.error: "\(error)"]))
                guard mustNameOwners else { return }
                // They may end.
                while !Task.isCancelled, !session.isEnding, mustNameOwners { try? await Task.sleep(for: Self.pause) }
                continue
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
        var owners = OwnerRecords.notNeeded
        try await decide(&owners)
        try check(owners)
        let isUnfinished = try await link.objects.hasCopyOfDirectory()
        let reread = replica.keepContents(rereads: isUnfinished)
        defer { replica.forgetContents() }
        try? await reread?.close(deadline: link.deadline)
        try await make(.copy, on: channel)
        try await step(.copyMade)
        try await directory.follower.followCopy()
        if !isUnfinished {
            try await wait()
            try await fill(.copy, &owners, on: channel)
            try await step(.copyFilled)
            try check(owners)
            try await delete(.main, on: channel)
            try await step(.mainDeleted)
        }
        try await make(.main, on: channel)
        try await step(.mainMade)
        try await fill(.main, &owners, on: channel)
        try await step(.mainFilled)
        try await wait()
        try await fill(.main, &owners, on: channel)
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

    /// Makes and binds a stream: other sessions may have bound it while it was being deleted, in vain. A copy that can't
    /// be bound is deleted, because no session could read a fence in it.
    private func make(_ stream: DirectoryStream, on channel: Channel) async throws(ExchangeError) {
        let (topology, deadline) = (Topology.directory(stream, link.names).boundAnew(), link.deadline)
        try await attempt("can't make a stream") { () throws(AMQPError) in
            for queue in topology.queues { _ = try await channel.declareQueue(queue, deadline: deadline) }
        }
        do throws(ExchangeError) {
            try await attempt("can't bind a stream") { () throws(AMQPError) in
                for binding in topology.bindings {
                    try await channel.bind(
                        .queue(binding.queue),
                        to: binding.exchange,
                        routingKey: binding.key,
                        arguments: binding.arguments,
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

    /// Whether this session writes records about the owners of entities.
    private enum OwnerRecords {
        /// No entity of another broker user was found.
        case notNeeded
        case accepted
        /// The broker refuses such records of this broker user.
        case refused
    }

    /// Asks the broker whether it accepts records about owners, once there are other owners.
    private func decide(_ owners: inout OwnerRecords) async throws(ExchangeError) {
        guard owners == .notNeeded, replica.read({ $0.hasOwners(otherThan: link.user) }) else { return }
        do throws(ExchangeError) {
            try await directory.writer.announce(.owned("", []))
            owners = .accepted
        } catch let error where error.code == .forbidden {
            owners = .refused
        }
    }

    /// - Throws: `forbidden` when the broker refuses records about owners, without which an owner would change.
    private func check(_ owners: OwnerRecords) throws(ExchangeError) {
        if owners == .refused, mustNameOwners { throw Self.cannotNameOwners }
    }

    /// Whether a session that may not name owners would become the owner of entities by announcing them again, where
    /// senders must be known.
    private var mustNameOwners: Bool {
        link.configuration.requiresUserID && replica.read { $0.hasUncertifiedOwners(otherThan: link.user) }
    }

    private static let cannotNameOwners = ExchangeError(
        .forbidden,
        "an older session of another broker user registered entities, whose owner this broker user may not name"
    )

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
        _ owners: inout OwnerRecords,
        on channel: Channel
    ) async throws(ExchangeError) {
        for _ in 0..<Self.attempts {
            try await directory.fence()
            try await decide(&owners)
            let namesOwners = owners == .accepted
            guard let missing = replica.missingRecords(in: stream, writer: link.user, owners: namesOwners) else {
                try await directory.follower.followCopy()
                continue
            }
            let records = namesOwners ? missing : withoutTakeovers(missing)
            if missing.isEmpty { return }
            if records.isEmpty, owners == .refused { throw Self.cannotNameOwners }
            for start in stride(from: 0, to: records.count, by: Self.width) {
                guard channel.isOpen else { throw ExchangeError(.connectionLost, "the lock of the directory is lost") }
                try await directory.writer.announce(Array(records[start..<min(start + Self.width, records.count)]))
            }
        }
        throw ExchangeError(.internal, "a stream of the directory does not keep its records")
    }

    /// Returns the records without those that would make this session's broker user the owner of an entity of another,
    /// where senders must be known.
    private func withoutTakeovers(_ records: [TimedAnnouncement]) -> [TimedAnnouncement] {
        guard link.configuration.requiresUserID else { return records }
        let user = link.user
        return replica.read { index in
            records.filter { record in
                guard case .registered(let id, _) = record.announcement else { return true }
                return !index.isUncertified(id, otherThan: user)
            }
        }
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
