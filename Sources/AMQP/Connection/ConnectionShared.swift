internal import Synchronization

/// What the connection's callers and its I/O thread share. Everything in it is safe on any thread.
final class ConnectionShared: Sendable {
    let thread = IOThread()
    /// Resolved when the login is done or failed.
    let opened = OneShot<Result<Void, AMQPError>>()
    /// Resolved when descriptor and waiters are gone.
    let closed = OneShot<AMQPError?>()
    /// Resolved as the last act of the thread.
    let ended = OneShot<Void>()
    let events: AsyncStream<ConnectionEvent>
    let eventSource: AsyncStream<ConnectionEvent>.Continuation
    let serverProperties = Mutex(ServerProperties([:]))
    /// What to log in with, known when the connection is opened.
    let credentials = Mutex<Credentials?>(nil)
    let isOpen = Atomic(false)
    /// The largest frame that was agreed on at the login; zero before.
    let frameMax = Atomic(0)
    private let lastOperation = Atomic<UInt64>(0)

    init() {
        (events, eventSource) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(64))
    }

    /// A number no other operation of this connection has; never zero.
    func nextOperation() -> UInt64 { lastOperation.add(1, ordering: .relaxed).newValue }

    /// Hands an operation over and waits for its end. Cancelling the task ends it promptly.
    ///
    /// `nonisolated(nonsending)` saves the caller two hops.
    nonisolated(nonsending) func perform(
        _ make: (_ id: UInt64, _ waiter: Waiter<Reply>) -> Submission
    ) async throws(AMQPError) -> Reply {
        let id = nextOperation()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Result<Reply, AMQPError>, Never>) in
                let waiter = Waiter<Reply>.task(continuation)
                if let refusal = thread.inbox.submit(make(id, waiter)) {
                    waiter.resume(returning: .failure(refusal.with(delivery: .notSent)))
                } else if Task.isCancelled {
                    // The handler may have run before the submission was there.
                    _ = thread.inbox.submit(.cancel(id))
                }
            }
        } onCancel: {
            _ = thread.inbox.submit(.cancel(id))
        }
        return try result.get()
    }
}
