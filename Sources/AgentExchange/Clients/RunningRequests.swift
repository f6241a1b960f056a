internal import Foundation
internal import Synchronization

/// The requests that an agent works on, so that they can be cancelled and are not run twice at a time.
final class RunningRequests: Sendable {
    /// A tag is the requester's: two requesters may use the same.
    private struct Key: Hashable {
        let source: EntityID
        let tag: UUID
    }

    private let tasks = BackgroundTasks()
    private let running = Mutex<[Key: Int?]>([:])

    /// Runs the body for a request, unless the request runs already.
    func start(_ request: Request, _ body: @escaping @Sendable () async -> Void) -> Bool {
        let key = Key(source: request.source, tag: request.tag)
        return running.withLock { running in
            guard running[key] == nil else { return false }
            running[key] = .some(
                tasks.start { [self] in
                    await body()
                    _ = self.running.withLock { $0.removeValue(forKey: key) }
                }
            )
            return true
        }
    }

    /// Runs the body for a notice that stands for a request. It can't be cancelled alone.
    func start(_ body: @escaping @Sendable () async -> Void) {
        tasks.start(body)
    }

    /// Cancels a requester's own request. Returns whether it was running.
    func cancel(_ tag: UUID, of source: EntityID) -> Bool {
        guard let number = running.withLock({ $0[Key(source: source, tag: tag)] }) ?? nil else { return false }
        tasks.cancel(number)
        return true
    }

    /// Whether the caller is one of them.
    var isCurrent: Bool { tasks.isCurrent }

    /// Cancels what runs, and lets more start.
    func cancelEach() {
        for number in running.withLock({ Array($0.values) }) {
            if let number { tasks.cancel(number) }
        }
    }

    /// Returns whether nothing runs any more before the timeout.
    func waitUntilIdle(timeout: Duration) async -> Bool {
        await tasks.waitUntilIdle(timeout: timeout)
    }

    /// Cancels everything, and waits for it, except for the caller itself.
    ///
    /// - Parameter patience: How long to wait at most.
    /// - Returns: Whether everything has ended.
    func cancelAll(patience: Duration) async -> Bool {
        await tasks.cancelAll(patience: patience)
    }
}
