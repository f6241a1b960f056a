internal import AMQP
internal import AgentExchange

extension Session {
    /// Why a message to a mailbox was returned. The broker can't say it; the directory knows.
    func whyUnreachable(_ id: EntityID) async -> ExchangeError {
        do throws(ExchangeError) {
            switch try await directory.state(of: id) {
            case .missing:
                return ExchangeError(.badEntityID, "there is no such mailbox", entity: id, delivery: .refused)
            case .terminated:
                return ExchangeError(.mailboxTerminated, "the mailbox was terminated", entity: id, delivery: .refused)
            case .registered:
                if try await link.lookAt(id) == nil, try await expired(id) {
                    return ExchangeError(.mailboxTerminated, "the user is gone", entity: id, delivery: .refused)
                }
                let text = "the mailbox is registered, but its queue can't be reached"
                return ExchangeError(.unavailable, text, entity: id, delivery: .refused)
            }
        } catch {
            let text = "the message was refused, and the directory could not be asked why"
            return ExchangeError(error.code, text, entity: id, delivery: .refused, underlying: error)
        }
    }

    /// The state of a mailbox, from the directory, with the figures of its queue.
    ///
    /// - Throws: ``ExchangeError/Code/unavailable`` when it is registered and has no queue that can be reached.
    func details(of id: EntityID) async throws(ExchangeError) -> MailboxDetails {
        switch try await directory.state(of: id) {
        case .missing:
            return MailboxDetails(status: .missing)
        case .terminated:
            return MailboxDetails(status: .terminated)
        case .registered:
            if let queue = try await link.lookAt(id) {
                return MailboxDetails(
                    status: .active,
                    queuedMessages: queue.messageCount,
                    attachedConsumers: queue.consumerCount
                )
            }
            if try await expired(id) { return MailboxDetails(status: .terminated) }
            let text = "the mailbox is registered, but its queue is not on the broker"
            throw ExchangeError(.unavailable, text, entity: id)
        }
    }

    /// A registered mailbox has no queue. A user's queue expires when its process died: then the user is terminated, and
    /// the directory is told. It may also have been terminated this moment.
    private func expired(_ id: EntityID) async throws(ExchangeError) -> Bool {
        if try await directory.state(of: id) == .terminated { return true }
        guard id.role == .user else { return false }
        try await directory.announce(.terminated(id, lineage: []))
        try await directory.announce(.finished(id))
        return true
    }
}
