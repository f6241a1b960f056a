internal import AMQP
internal import AgentExchange
internal import Logging
internal import Synchronization

/// Handles notices and control messages. They arrive in the session's queue, past the limits of mailboxes, and are
/// acknowledged at once. They may be lost, so a flood of them is dropped instead of kept.
extension Session {
    /// The maximum number of tasks for them.
    static let maximumHints = 256

    /// Starts a task for a notice or a control message, unless too many are running.
    func startHint(dropped: () -> Void = {}, _ body: @escaping @Sendable () async -> Void) {
        guard hints.add(1, ordering: .relaxed).newValue <= Self.maximumHints else {
            hints.subtract(1, ordering: .relaxed)
            drop(reason: "busy")
            dropped()
            return
        }
        let task = background.start { [self] in
            await body()
            hints.subtract(1, ordering: .relaxed)
        }
        guard task == nil else { return }
        hints.subtract(1, ordering: .relaxed)
        dropped()
    }

    /// Passes a notice to the active transport, if its sender is credible.
    func take(_ notice: Notice, _ properties: MessageProperties) {
        guard !knowsSender(of: properties) else { return hand(notice, properties) }
        startHint { [self] in
            guard await learnSender(of: properties) else { return drop(reason: "unavailable") }
            hand(notice, properties)
        }
    }

    private func hand(_ notice: Notice, _ properties: MessageProperties) {
        guard let reason = objection(to: notice.source, userID: properties.userID) else {
            var notice = notice
            notice.principal = principal(of: properties)
            activeTransport(of: notice.destination)?.inbox.put(.notice(notice))
            return
        }
        drop(reason: "forbidden")
        link.logger.warning(
            "a notice was refused",
            metadata: .init(.notice(notice)).merging([LogKey.reason.rawValue: "\(reason)"]) { $1 }
        )
    }

    private func drop(reason: String) {
        link.metrics.count(.noticesDropped, [.reason(reason)])
        link.logger.debug("a notice or a control message was dropped", metadata: .init(keys: [.reason: reason]))
    }
}
