internal import Foundation
internal import Synchronization

/// The requests that an agent works on, so that they can be cancelled and are not run twice at a time.
final class RunningRequests: Sendable {
    private enum Key: Hashable {
        case request(RequestKey)
        /// What a notice stands for. It can't be cancelled alone.
        case notice(Int)

        init(_ request: Request) { self = .request(RequestKey(source: request.source, tag: request.tag)) }
    }

    /// What the timer holds too.
    private final class Box: Sendable {
        let tasks = TaskRegistry<Key>()
        /// Deadlines, also of requests that have ended.
        let due = Mutex(DueQueue<Key>())

        /// Cancels what is due. Returns the next deadline.
        func expire(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
            let (keys, next): ([Key], ContinuousClock.Instant?) = due.withLock { due in
                var keys: [Key] = []
                while let next = due.popFirst(by: now) { keys.append(next.element) }
                return (keys, due.first?.deadline)
            }
            for key in keys { tasks.cancel(key) }
            return next
        }
    }

    private let box: Box
    private let timer: DeadlineTimer
    private let lastNotice = Atomic(0)
    private let notices = Atomic(0)

    /// How many notices that stand for requests are served at a time.
    static let maximumNotices = 64

    private var tasks: TaskRegistry<Key> { box.tasks }

    init() {
        let box = Box()
        self.box = box
        timer = DeadlineTimer { box.expire(at: .now) }
    }

    deinit {
        timer.stop()
    }

    /// Runs the body for a request, unless the request runs already. It runs until the body calls `end`: when its answer has
    /// been sent.
    ///
    /// - Parameter isImmediate: Whether the body begins on the caller's thread; see ``TaskRegistry/start(_:isImmediate:_:)``.
    func start(
        _ request: Request,
        isImmediate: Bool,
        _ body: @escaping @Sendable (_ end: @escaping @Sendable () -> Void) async -> Void
    ) -> Bool {
        tasks.start(Key(request), isImmediate: isImmediate, body)
    }

    /// The same for a notice that stands for a request. Notices come past the limits of the mailbox, so only
    /// ``maximumNotices`` run at a time.
    ///
    /// - Returns: `false` when as many run already: the notice is dropped.
    func start(_ body: @escaping @Sendable (_ end: @escaping @Sendable () -> Void) async -> Void) -> Bool {
        guard notices.add(1, ordering: .relaxed).newValue <= Self.maximumNotices else {
            notices.subtract(1, ordering: .relaxed)
            return false
        }
        let isStarted = tasks.start(.notice(lastNotice.add(1, ordering: .relaxed).newValue)) { [self] end in
            await body {
                self.notices.subtract(1, ordering: .relaxed)
                end()
            }
        }
        if !isStarted { notices.subtract(1, ordering: .relaxed) }
        return true
    }

    /// Cancels a request that runs when its deadline has come.
    func cancel(_ request: Request, at deadline: ContinuousClock.Instant) {
        box.due.withLock { [tasks] due in
            due.insert(Key(request), at: deadline)
            guard due.count > 1024, due.count > 2 * tasks.count + 1024 else { return }
            due.removeAll { !tasks.contains($0.element) }
        }
        timer.arm(deadline)
    }

    /// Cancels a requester's own request. Returns whether it was running.
    func cancel(_ tag: UUID, of source: EntityID) -> Bool {
        tasks.cancel(.request(RequestKey(source: source, tag: tag)))
    }

    /// Whether the caller is one of them.
    var isCurrent: Bool { tasks.isCurrent }

    /// Cancels what runs, and lets more start.
    func cancelEach() {
        tasks.cancelEach()
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
