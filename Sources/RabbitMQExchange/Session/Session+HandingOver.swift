internal import AMQP
internal import AgentExchange
internal import Logging

/// The end of mailboxes from which this session receives.
extension Session {
    /// Lets go of a mailbox that another session drains, and answers that session.
    func handOver(_ mailbox: EntityID, _ control: ControlMessage) async {
        // Any program that may write to the exchange can send this; only the directory is trusted.
        guard (try? await directory.state(of: mailbox)) == .terminated else {
            link.logger.debug(
                "the directory does not say that a mailbox was terminated",
                metadata: .init(keys: [.mailbox: mailbox.description])
            )
            return
        }
        let isOwner = isOwner(of: mailbox)
        if isOwner { await reply(.lettingGo, to: control) }
        await letGo(of: mailbox)
        await reply(isOwner ? .released : .stoodBy, to: control)
    }

    /// Makes every transport of this process let go of a terminated mailbox.
    func letGo(of mailbox: EntityID) async {
        await withDiscardingTaskGroup { group in
            for transport in transports(of: mailbox) { group.addTask { await transport.letGo() } }
        }
    }

    /// Returns whether this process can answer for the owner of a mailbox: not if its transports are on standby, as far
    /// as they know.
    private func isOwner(of mailbox: EntityID) -> Bool {
        let transports = transports(of: mailbox)
        return transports.isEmpty || transports.contains { $0.isActive }
    }
}
