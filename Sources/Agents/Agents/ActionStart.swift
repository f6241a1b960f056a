/// Where an action begins.
public enum ActionStart: Sendable, Hashable {
    /// In a task of its own, on a thread of the pool. It may compute as long as it likes.
    case scheduled

    /// At once, on the thread that brings the request, up to the first `await` that has to wait; the rest is scheduled. What
    /// `Task.immediate` does for a task.
    ///
    /// For an action that is over in microseconds or soon waits for something: no thread has to wake for it. Meanwhile that
    /// thread does nothing else. It is the one that receives the messages of all agents of the process, and keeps the
    /// connection alive; in one process it is the caller's, whose deadline can't end the call until the action waits or is
    /// over. An action that keeps the thread for longer than 10 ms is logged, once.
    ///
    /// It is a hint: an action that another one calls within the same process may be scheduled all the same, and on Apple's
    /// systems before version 26 each is.
    case immediate
}
