internal import Glibc
internal import Synchronization

extension PrivateBroker {
    private static let sharedBroker = Mutex<Task<PrivateBroker, any Error>?>(nil)
    private static let brokerToEnd = Mutex<PrivateBroker?>(nil)

    /// The broker that all tests of this process use together, started by the first who asks.
    ///
    /// It ends with the process. Tests that kill, halt or freeze a broker start one of their own. Names must be unique
    /// to a test: other tests run at the same time.
    ///
    /// - Throws: as ``start(_:)``; a failure is remembered and thrown to everyone.
    public static func shared() async throws -> PrivateBroker {
        let task = sharedBroker.withLock { shared in
            if let shared { return shared }
            let task = Task {
                let broker = try await start()
                brokerToEnd.withLock { $0 = broker }
                atexit { PrivateBroker.brokerToEnd.withLock { $0 }?.endAtExit() }
                return broker
            }
            shared = task
            return task
        }
        return try await task.value
    }
}
