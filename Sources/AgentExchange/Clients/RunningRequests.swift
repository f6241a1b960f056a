internal import Foundation
internal import Synchronization

/// The requests that an agent works on, so that they can be cancelled and are not run twice at a time.
final class RunningRequests: Sendable {
    private typealias Key = RequestKey

    private struct State {
        /// The numbers of the tasks.
        var running: [Key: Int?] = [:]
        /// Deadlines, also of requests that have ended.
        var due = DueQueue<Key>()
    }

    /// What the timer holds too.
    private final class Box: Sendable {
        let tasks = BackgroundTasks()
        let state = Mutex(State())

        /// Cancels what is due. Returns the next deadline.
        func expire(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
            let (numbers, next): ([Int], ContinuousClock.Instant?) = state.withLock { state in
                var numbers: [Int] = []
                while let next = state.due.popFirst(by: now) {
                    if let number = state.running[next.element] ?? nil { numbers.append(number) }
                }
                return (numbers, state.due.first?.deadline)
            }
            for number in numbers { tasks.cancel(number) }
            return next
        }
    }

    private let box: Box
    private let timer: DeadlineTimer

    private var tasks: BackgroundTasks { box.tasks }

    init() {
        let box = Box()
        self.box = box
        timer = DeadlineTimer { box.expire(at: .now) }
    }

    deinit {
        timer.stop()
    }

    /// Runs the body for a request, unless the request runs already.
    func start(_ request: Request, _ body: @escaping @Sendable () async -> Void) -> Bool {
        let key = Key(source: request.source, tag: request.tag)
        return box.state.withLock { [box] state in
            guard state.running[key] == nil else { return false }
            state.running[key] = .some(
                box.tasks.start {
                    await body()
                    _ = box.state.withLock { $0.running.removeValue(forKey: key) }
                }
            )
            return true
        }
    }

    /// Cancels a request that runs when its deadline has come.
    func cancel(_ request: Request, at deadline: ContinuousClock.Instant) {
        box.state.withLock { state in
            state.due.insert(Key(source: request.source, tag: request.tag), at: deadline)
            guard state.due.count > 2 * state.running.count + 1024 else { return }
            let running = state.running
            state.due.removeAll { running[$0.element] == nil }
        }
        timer.arm(deadline)
    }

    /// Runs the body for a notice that stands for a request. It can't be cancelled alone.
    func start(_ body: @escaping @Sendable () async -> Void) {
        tasks.start(body)
    }

    /// Cancels a requester's own request. Returns whether it was running.
    func cancel(_ tag: UUID, of source: EntityID) -> Bool {
        guard let number = box.state.withLock({ $0.running[Key(source: source, tag: tag)] }) ?? nil else {
            return false
        }
        tasks.cancel(number)
        return true
    }

    /// Whether the caller is one of them.
    var isCurrent: Bool { tasks.isCurrent }

    /// Cancels what runs, and lets more start.
    func cancelEach() {
        for number in box.state.withLock({ Array($0.running.values) }) {
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
