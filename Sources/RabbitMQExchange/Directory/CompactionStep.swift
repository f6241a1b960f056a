/// The steps of a compaction, for tests that end it after one of them.
package enum CompactionStep: String, Sendable, CaseIterable {
    /// This session has the lock.
    case locked
    /// New records go to the copy too.
    case copyMade
    /// The copy is complete.
    case copyFilled
    /// The stream is deleted.
    case mainDeleted
    /// A new, empty stream exists.
    case mainMade
    /// It has all records that were known.
    case mainFilled
    /// It is complete.
    case mainComplete
    /// The copy is deleted.
    case copyDeleted

    /// Called after each step, in every task started within the scope that sets it. An error that it throws ends the
    /// compaction like the death of its session.
    @TaskLocal package static var observer: (@Sendable (CompactionStep) async throws -> Void)?
}
