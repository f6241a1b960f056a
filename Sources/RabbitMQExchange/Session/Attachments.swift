internal import AgentExchange
internal import Synchronization

/// The mailboxes that a session receives from, and those that it drains.
final class Attachments: Sendable {
    private struct State {
        /// In the order of their arrival: those behind the first are on standby, or all are members of a group.
        var attachments: [EntityID: [MailboxAttachment]] = [:]
        /// The mailboxes that this session is draining.
        var drains: Set<EntityID> = []
        var isClosed = false
    }

    private let state = Mutex(State())

    /// All attachments.
    var all: [MailboxAttachment] { state.withLock { $0.attachments.values.flatMap(\.self) } }

    /// Takes no more of them.
    func close() {
        state.withLock { $0.isClosed = true }
    }

    /// Adds a receiver of a mailbox in this process.
    ///
    /// - Parameter isAlone: Whether no other may be there: it is neither a standby nor a member of a group.
    /// - Throws: ``ExchangeError/Code/mailboxInUse`` when there is another one and must be none.
    func add(_ attachment: MailboxAttachment, isAlone: Bool) throws(ExchangeError) {
        let id = attachment.mailboxID
        let error: ExchangeError? = state.withLock { state in
            if state.isClosed { return ExchangeError(.closed, "the session is closed") }
            guard !isAlone || state.attachments[id] == nil else {
                return ExchangeError(.mailboxInUse, "this process receives from the mailbox already", entity: id)
            }
            state.attachments[id, default: []].append(attachment)
            return nil
        }
        if let error { throw error }
    }

    /// Removes one that no longer receives.
    func remove(_ attachment: MailboxAttachment) {
        state.withLock { state in
            state.attachments[attachment.mailboxID]?.removeAll { $0 === attachment }
            if state.attachments[attachment.mailboxID]?.isEmpty == true {
                state.attachments[attachment.mailboxID] = nil
            }
        }
    }

    /// Returns those that receive from a mailbox, or are on standby for it.
    func of(_ mailbox: EntityID) -> [MailboxAttachment] {
        state.withLock { $0.attachments[mailbox] ?? [] }
    }

    /// Renews the holds of all in one task. Runs until the session ends.
    func keepHolds(timeout: Duration?) async {
        guard let timeout else { return }
        while !Task.isCancelled {
            do { try await Task.sleep(for: timeout / 8) } catch { return }
            await withDiscardingTaskGroup { group in
                // Another member of a group would take the copy for a request of its own, and run it.
                for attachment in all
                where attachment.isAttached && !attachment.isMember
                    && attachment.contents.held.withLock({ $0.count > 0 })
                {
                    group.addTask { await LeaseKeeper(attachment.intake)?.renew() }
                }
            }
        }
    }

    /// Returns the active one of a mailbox. During a handover the previous one may still exist.
    func active(of mailbox: EntityID) -> MailboxAttachment? {
        of(mailbox).last { $0.intake.isActive }
    }

    /// Returns those that are served of a mailbox: the active one, or all members of a group in this process.
    func served(of mailbox: EntityID) -> [MailboxAttachment] {
        let all = of(mailbox)
        if all.contains(where: \.isMember) { return all }
        return all.last { $0.intake.isActive }.map { [$0] } ?? []
    }

    /// Returns the one that a response is for: the member of a group that asked, else the active one, else any.
    func receiver(of response: Response) -> MailboxAttachment? {
        let all = of(response.destination)
        return all.first { $0.contents.hasAsked(response.tag) } ?? all.last { $0.intake.isActive } ?? all.first
    }

    /// Starts to drain a mailbox. Returns `false` when this session is already draining it.
    func beginDrain(of mailbox: EntityID) -> Bool {
        state.withLock { $0.drains.insert(mailbox).inserted }
    }

    /// Returns whether this session is draining a mailbox.
    func isDraining(_ mailbox: EntityID) -> Bool {
        state.withLock { $0.drains.contains(mailbox) }
    }

    /// Ends the drain of a mailbox.
    func endDrain(of mailbox: EntityID) {
        _ = state.withLock { $0.drains.remove(mailbox) }
    }

    /// Lets go of a terminated mailbox.
    func letGo(of mailbox: EntityID) async {
        await withDiscardingTaskGroup { group in
            for attachment in of(mailbox) { group.addTask { await attachment.letGo() } }
        }
    }

    /// Returns whether this process can answer for the owner of a mailbox: not if it is on standby, as far as it knows.
    func isOwner(of mailbox: EntityID) -> Bool {
        let attachments = of(mailbox)
        return attachments.isEmpty || attachments.contains { $0.intake.isActive }
    }
}
