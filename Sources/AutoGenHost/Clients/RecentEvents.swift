#if AutoGen
    internal import Foundation

    /// The last publications that a client got. Copies of them, for its other types, are not written.
    struct RecentEvents: Sendable {
        private let capacity: Int
        private var newer: Set<UUID> = []
        private var older: Set<UUID> = []

        /// Remembers the last `capacity` publications, and up to as many older ones.
        init(capacity: Int) {
            self.capacity = max(1, capacity)
        }

        func contains(_ id: UUID) -> Bool { newer.contains(id) || older.contains(id) }

        mutating func insert(_ id: UUID) {
            guard !older.contains(id), newer.insert(id).inserted, newer.count >= capacity else { return }
            older = newer
            newer = []
        }
    }
#endif
