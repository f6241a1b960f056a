internal import AgentExchange
internal import Logging
internal import Synchronization

/// The tasks of a session for notices and control messages. They may be lost, so a flood of them is dropped instead of
/// kept.
final class HintTasks: Sendable {
    /// The maximum number of tasks at a time.
    static let maximum = 256

    private let link: BrokerLink
    private let background: BackgroundTasks
    private let count = Atomic(0)

    init(link: BrokerLink, background: BackgroundTasks) {
        self.link = link
        self.background = background
    }

    /// Starts a task for a notice or a control message, unless too many are running.
    func start(dropped: () -> Void = {}, _ body: @escaping @Sendable () async -> Void) {
        guard count.add(1, ordering: .relaxed).newValue <= Self.maximum else {
            count.subtract(1, ordering: .relaxed)
            drop(reason: "busy")
            dropped()
            return
        }
        let task = background.start { [self] in
            await body()
            count.subtract(1, ordering: .relaxed)
        }
        guard task == nil else { return }
        count.subtract(1, ordering: .relaxed)
        dropped()
    }

    /// Records a notice or a control message that is not handled.
    func drop(reason: String) {
        link.metrics.count(.noticesDropped, [.reason(reason)])
        link.logger.debug("a notice or a control message was dropped", metadata: .init(keys: [.reason: reason]))
    }
}
