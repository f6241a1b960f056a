internal import Synchronization

/// The runs of handlers that are under way in a runtime.
final class HandlerRuns: Sendable {
    private let running = Mutex<Set<UInt64>>([])

    /// Adds a run.
    func begin(_ run: UInt64) {
        running.withLock { _ = $0.insert(run) }
    }

    /// Removes a run.
    func end(_ run: UInt64) {
        running.withLock { _ = $0.remove(run) }
    }

    /// Returns whether one of these runs waits for a message with a chain.
    func contains(anyOf chain: [UInt64]) -> Bool {
        if chain.isEmpty { return false }
        return running.withLock { running in chain.contains(where: running.contains) }
    }
}
