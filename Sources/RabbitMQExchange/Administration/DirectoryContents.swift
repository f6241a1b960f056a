public import AgentExchange
internal import Foundation

/// The contents of a namespace's directory, as one session has read it.
public struct DirectoryContents: Sendable, Hashable {
    /// A registered agent or user.
    public struct Entry: Sendable, Hashable {
        /// The entity.
        public let id: EntityID
        /// The types of an agent, from the root to its own; empty for a user.
        public let lineage: [String]
        /// The name of its mailbox's queue on the broker.
        public let queue: String
        /// Whether the mailbox of an agent has one owner, or is a work group.
        public internal(set) var sharing: MailboxSharing = .exclusive
    }

    /// The registered entities, oldest registration first.
    public let entries: [Entry]

    /// Terminations that are remembered, so that the mailboxes are known to be terminated.
    public let rememberedTerminations: Int

    /// Terminations that are not known to be complete: requests of these mailboxes may still wait for an answer.
    public let unfinishedTerminations: Int

    /// The queue of dead letters.
    public let unansweredQueue: String

    /// The queue of parked messages.
    public let parkedQueue: String

    /// The beginning of the names of all queues of the namespace.
    public let queuePrefix: String
}

extension ExchangeAdministration {
    /// Returns the contents of the directory. A namespace without objects on the broker has none.
    ///
    /// - Parameter isComplete: Whether to wait until each earlier registration was read, which adds a small record to the
    ///   directory. Otherwise the answer has the records that the session has read, and the broker is not asked.
    /// - Throws: `ExchangeError` when the directory can't be read.
    public func directoryContents(isComplete: Bool = true) async throws(ExchangeError) -> DirectoryContents {
        let isThere = isComplete ? try await isProvisioned() : true
        if isThere, isComplete { try await session.directory.fence() }
        let (everyone, remembered, groups) = session.directory.replica.read { index in
            (index.everyone, index.finishedCount, Set(index.entries.values.lazy.filter(\.isShared).map(\.id)))
        }
        let unfinished = session.directory.unfinished.count
        let names = names
        return DirectoryContents(
            entries: everyone.map { entity in
                .init(
                    id: entity.id,
                    lineage: entity.lineage,
                    queue: names.queue(of: entity.id),
                    sharing: groups.contains(entity.id) ? .group : .exclusive
                )
            },
            rememberedTerminations: remembered,
            unfinishedTerminations: unfinished,
            unansweredQueue: names.unanswered,
            parkedQueue: names.parked,
            queuePrefix: "warren.\(names.namespace)."
        )
    }
}
