internal import AMQP
internal import AgentExchange
internal import Logging

/// The end of mailboxes that this session receives from.
extension Session {
    /// Lets go of a mailbox that another session drains, and tells it.
    func handOver(_ mailbox: EntityID, _ control: ControlMessage) async {
        // Anybody who may write to the exchange can send this; only the directory is believed.
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

    /// Has every transport of this process let go of a mailbox that was terminated.
    func letGo(of mailbox: EntityID) async {
        await withDiscardingTaskGroup { group in
            for transport in transports(of: mailbox) { group.addTask { await transport.letGo() } }
        }
    }

    /// Whether this process can answer for the owner of a mailbox: not when its transports stand by, as far as they know.
    private func isOwner(of mailbox: EntityID) -> Bool {
        let transports = transports(of: mailbox)
        return transports.isEmpty || transports.contains { $0.isActive }
    }
}
