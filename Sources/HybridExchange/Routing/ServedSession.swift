#if Hybrid
    internal import RabbitMQExchange
    internal import Synchronization

    /// The session that a direct way belongs to, from the opening of the way to its close.
    final class ServedSession: Sendable {
        private let state = Mutex<DirectSession?>(nil)

        /// The session; `nil` before the opening and after the close.
        var current: DirectSession? { state.withLock { $0 } }

        func begin(_ session: DirectSession) { state.withLock { $0 = session } }

        func end() { state.withLock { $0 = nil } }
    }
#endif
