/// The steps of a termination, for tests that end a process after one of them.
package enum TerminationStep: String, Sendable, CaseIterable {
    /// The directory has the record.
    case announced
    /// No new message reaches the mailbox.
    case unbound
    /// This session has the lock of the drain.
    case locked
    /// The draining consumer is attached, perhaps behind the owner.
    case attached
    /// The owner has let go, or did not in time.
    case ownerGone
    /// The marker was sent.
    case marked
    /// A request was answered, or is among the dead letters, and is still in the mailbox.
    case moved
    /// The mailbox is empty.
    case drained
    /// The queue is deleted.
    case deleted
    /// A dead letter was answered, and is still in its queue.
    case answered

    /// Called after each step, in every task started within the scope that sets it.
    @TaskLocal package static var observer: (@Sendable (TerminationStep) -> Void)?

    /// Reports that a step is done.
    static func reached(_ step: TerminationStep) {
        observer?(step)
    }
}
