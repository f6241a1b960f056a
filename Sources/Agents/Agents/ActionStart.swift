/// The thread on which an action starts.
public enum ActionStart: Sendable, Hashable {
    /// In a task of its own, on a thread of the pool. The action may compute for any time.
    case scheduled

    /// At once, on the thread that delivers the request, up to the first `await` that has to wait; the rest is
    /// scheduled, like `Task.immediate`.
    ///
    /// Use it for an action that ends within microseconds or soon waits, so that no thread has to wake for it. The
    /// delivering thread does nothing else meanwhile. It receives the messages of all agents of the process and keeps
    /// the connection alive. In the in-process exchange it is the caller's thread, and the caller's deadline can't end
    /// the call until the action waits or ends. An action that keeps the thread for longer than 10 ms is logged, once.
    ///
    /// The choice is a hint: an action called by another action in the same process may still be scheduled, and on
    /// Apple's systems before version 26 it always is.
    case immediate
}
