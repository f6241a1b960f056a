internal import Glibc
internal import Synchronization

extension PrivateBroker {
    private static let sharedBroker = Mutex<Task<PrivateBroker, any Error>?>(nil)
    private static let brokerToEnd = Mutex<PrivateBroker?>(nil)

    /// Returns the broker that all tests of this process share, started on first use.
    ///
    /// It ends with the process. A test that kills, halts or freezes a broker starts its own. Names must be unique to a
    /// test, because other tests run at the same time.
    ///
    /// - Throws: As ``start(_:)``; every call throws the same failure.
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
