/// The outcome of a migration from an older version.
public struct Migration: Sendable, Hashable, Codable {
    /// Dead letters moved to the current queue.
    public internal(set) var moved = 0
    /// Sessions of older versions that still serve the older queue: run the migration again when they have ended. 0
    /// when the queue is gone.
    public internal(set) var olderSessions = 0
}
