internal import Logging
internal import Synchronization

/// Tells which requests begin on the thread that brings them, and logs one that keeps that thread.
final class ImmediateStarts: Sendable {
    /// From here on it is logged that a request keeps the thread: what else that thread does is late then.
    private static let limit = Duration.milliseconds(10)

    private let isImmediate: @Sendable (Request) -> Bool
    private let logger: Logger
    /// The actions that were logged.
    private let known = Mutex<Set<String>>([])

    init(logger: Logger, _ isImmediate: @escaping @Sendable (Request) -> Bool) {
        self.logger = logger
        self.isImmediate = isImmediate
    }

    /// Returns when the request begins, if it begins at once.
    func watch(_ request: Request) -> ContinuousClock.Instant? {
        isImmediate(request) ? .now : nil
    }

    /// The request waits, or is over. Logs one that kept the thread, once for each action.
    func check(_ began: ContinuousClock.Instant, _ request: Request) {
        let time = began.duration(to: .now)
        guard time > Self.limit, case .action(let name, _) = request.body,
            known.withLock({ $0.insert(name).inserted })
        else { return }
        logger.warning(
            "an action that starts immediately kept the thread that brought its request; it should be scheduled",
            metadata: .init(.request(request)).with(.action, name).with(.duration, "\(time)")
        )
    }
}
