/// The steps of a termination, for tests that end a process right after one of them.
package enum TerminationStep: String, Sendable, CaseIterable {
    /// The directory has the record.
    case announced
    /// Nothing new gets into the mailbox.
    case unbound
    /// This session is the one that drains.
    case locked
    /// The draining consumer is attached; it may be behind the owner.
    case attached
    /// The owner has let go, or was waited for.
    case ownerGone
    /// The marker was sent.
    case marked
    /// A request was answered, or is among the dead letters, and is still in the mailbox.
    case moved
    /// The mailbox is empty.
    case drained
    /// The queue is gone.
    case deleted
    /// A dead letter was answered, and is still in its queue.
    case answered

    /// Called after each step, in every task that was started below the scope where it is set.
    @TaskLocal package static var observer: (@Sendable (TerminationStep) -> Void)?

    /// The step is done.
    static func reached(_ step: TerminationStep) {
        observer?(step)
    }
}
