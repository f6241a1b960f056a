internal import Foundation
internal import Primitives
internal import Synchronization

/// The requests that an agent is running. They can be cancelled, and never run twice at the same time.
final class RunningRequests: Sendable {
    /// Identifies a running request.
    enum Key: Hashable {
        case request(RequestKey)
        /// A request carried by a notice. It can't be cancelled alone.
        case notice(Int)
        /// A request that ran and is put back.
        case returning(Int)

        init(_ request: Request) { self = .request(RequestKey(source: request.source, tag: request.tag)) }
    }

    /// The state that the timer shares.
    private final class Box: Sendable {
        let tasks: TaskRegistry<Key>
        /// Deadlines, including those of ended requests.
        let due = Mutex(DeadlineQueue<Key>())

        init(_ executor: (any TaskExecutor)?) { tasks = TaskRegistry(executor: executor) }

        /// Cancels the due requests. Returns the next deadline.
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
    private let lastNumber = Atomic(0)
    private let notices = Atomic(0)

    /// The maximum number of notices served at a time.
    static let maximumNotices = 64

    private var tasks: TaskRegistry<Key> { box.tasks }

    /// - Parameter executor: The executor that the tasks prefer; `nil` is the default one.
    init(executor: (any TaskExecutor)?) {
        let box = Box(executor)
        self.box = box
        timer = DeadlineTimer { box.expire(at: .now) }
    }

    deinit {
        timer.stop()
    }

    /// Runs `body` for a request, unless the request is already running. The request counts as running until
    /// ``end(_:)``, after its answer was sent.
    ///
    /// - Parameter isImmediate: Whether `body` starts on the caller's thread; see
    ///   ``TaskRegistry/start(_:isImmediate:_:)``.
    func start(_ key: Key, isImmediate: Bool = false, _ body: @escaping @Sendable () async -> Void) -> Bool {
        tasks.start(key, isImmediate: isImmediate, body)
    }

    /// Takes a place for a request carried by a notice. Notices bypass the limits of the mailbox, so at most
    /// ``maximumNotices`` run at a time. ``end(_:)`` gives it back.
    ///
    /// - Returns: `nil` when that many are running: the notice is dropped.
    func admitNotice() -> Key? {
        guard notices.add(1, ordering: .relaxed).newValue <= Self.maximumNotices else {
            notices.subtract(1, ordering: .relaxed)
            return nil
        }
        return .notice(lastNumber.add(1, ordering: .relaxed).newValue)
    }

    /// Returns a key for the return of a request, which counts as running until it is over.
    func nextReturn() -> Key { .returning(lastNumber.add(1, ordering: .relaxed).newValue) }

    /// Ends a request: once, when its answer was sent or is being retried, or when it was not started.
    func end(_ key: Key) {
        if case .notice = key { notices.subtract(1, ordering: .relaxed) }
        tasks.end(key)
    }

    /// Cancels a running request at its deadline.
    func cancel(_ request: Request, at deadline: ContinuousClock.Instant) {
        box.due.withLock { [tasks] due in
            due.insert(Key(request), at: deadline)
            guard due.count > 1024, due.count > 2 * tasks.count + 1024 else { return }
            due.removeAll { !tasks.contains($0.element) }
        }
        timer.arm(deadline)
    }

    /// Cancels a requester's request. Returns whether it was running.
    func cancel(_ tag: UUID, of source: EntityID) -> Bool {
        tasks.cancel(.request(RequestKey(source: source, tag: tag)))
    }

    /// Whether the current task runs one of these requests.
    var isCurrent: Bool { tasks.isCurrent }

    /// Waits until no request is running; see ``TaskRegistry/drain(grace:patience:)``.
    func drain(grace: Duration, patience: Duration) async -> Bool {
        await tasks.drain(grace: grace, patience: patience)
    }

    /// Cancels all requests and waits for them, except for the calling one.
    ///
    /// - Parameter patience: How long to wait at most.
    /// - Returns: Whether all of them have ended.
    func cancelAll(patience: Duration) async -> Bool {
        await tasks.cancelAll(patience: patience)
    }
}

/// A request that counts as running until its answer was sent.
struct RunningRequest: Sendable {
    private let requests: RunningRequests
    private let key: RunningRequests.Key

    init(_ key: RunningRequests.Key, of requests: RunningRequests) {
        (self.requests, self.key) = (requests, key)
    }

    /// Ends it; called once.
    func end() { requests.end(key) }
}
