internal import Logging
internal import Synchronization

/// Decides which requests start on the thread that delivers them, and logs requests that block that thread.
final class ImmediateStarts: Sendable {
    /// How long a request may keep the thread before it is logged: other work of the thread is late then.
    private static let limit = Duration.milliseconds(10)

    private let isImmediate: @Sendable (Request) -> Bool
    private let logger: Logger
    /// The actions that were already logged.
    private let known = Mutex<Set<String>>([])

    init(logger: Logger, _ isImmediate: @escaping @Sendable (Request) -> Bool) {
        self.logger = logger
        self.isImmediate = isImmediate
    }

    /// Returns the start time if the request starts immediately.
    func watch(_ request: Request) -> ContinuousClock.Instant? {
        isImmediate(request) ? .now : nil
    }

    /// Logs a request that blocked the thread until it first waited or ended, once for each action.
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
