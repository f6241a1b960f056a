/// The steps of a compaction, for tests that end it right after one of them.
package enum CompactionStep: String, Sendable, CaseIterable {
    /// This session is the one that compacts.
    case locked
    /// Each new record goes to the copy too.
    case copyMade
    /// The copy has all that counts.
    case copyFilled
    /// The stream is gone.
    case mainDeleted
    /// There is a new one, which is empty.
    case mainMade
    /// It has all that was known.
    case mainFilled
    /// It has all that counts.
    case mainComplete
    /// The copy is gone.
    case copyDeleted

    /// Called after each step, in every task that was started below the scope where it is set. What it throws ends the
    /// compaction as the death of its session would.
    @TaskLocal package static var observer: (@Sendable (CompactionStep) async throws -> Void)?
}
