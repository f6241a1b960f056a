internal import Primitives
internal import Synchronization

/// The state that a connection's callers share with its I/O thread. Everything in it is thread-safe.
final class ConnectionShared: Sendable {
    let thread = IOThread()
    /// Resolved when the login has succeeded or failed.
    let opened = OneShot<Result<Void, AMQPError>>()
    /// Resolved when the descriptor is closed and all waiters are resumed.
    let closed = OneShot<AMQPError?>()
    /// Resolved as the last act of the thread.
    let ended = OneShot<Void>()
    let events: AsyncStream<ConnectionEvent>
    let eventSource: AsyncStream<ConnectionEvent>.Continuation
    let serverProperties = Mutex(ServerProperties([:]))
    /// The address of this side of the socket.
    let localAddress = Mutex<String?>(nil)
    /// The credentials of the login, known when the connection is opened.
    let credentials = Mutex<Credentials?>(nil)
    let isOpen = Atomic(false)
    /// The largest frame that was negotiated at the login; zero before.
    let frameMax = Atomic(0)
    /// The used part of the publish window.
    let window: WindowAccount
    private let lastID = Atomic<UInt64>(0)

    init(window: PublishWindow = PublishWindow()) {
        self.window = WindowAccount(window)
        (events, eventSource) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(64))
    }

    /// Returns a new number of this connection; never zero.
    func nextID() -> UInt64 { lastID.add(1, ordering: .relaxed).newValue }

    /// Submits a request and waits for its reply. Cancelling the task ends it promptly.
    ///
    /// `nonisolated(nonsending)` saves the caller two executor hops.
    nonisolated(nonsending) func request(
        _ target: RequestSubmission.Target,
        _ deadline: Deadline
    ) async throws(AMQPError) -> Reply {
        let id = nextID()
        let result: Result<Reply, AMQPError> = await withWaiter { waiter in
            let request = RequestSubmission(id: id, target: target, deadline: deadline, waiter: .task(waiter))
            if let refusal = thread.submissions.submit(.request(request)) {
                return .failure(refusal.with(delivery: .notSent))
            }
            if Task.isCancelled { _ = thread.submissions.submit(.cancelRequest(id)) }
            return nil
        } onCancel: {
            _ = thread.submissions.submit(.cancelRequest(id))
        }
        return try result.get()
    }
}
