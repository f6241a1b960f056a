internal import AgentExchange

/// A record with the time that it is to say.
struct TimedAnnouncement: Sendable, Hashable {
    let announcement: Announcement
    /// Seconds since 1970.
    let time: UInt64
}

extension DirectoryIndex {
    /// How many mailboxes a record of a compaction names at most.
    static let batch = 250

    /// Seconds that the times of mailboxes which one record names differ at most.
    private static let bucket: UInt64 = 600

    /// How many records say the same as this, without a word too much.
    var neededRecords: Int {
        entries.count + tombstones.count - finishedCount + (finishedCount + Self.batch - 1) / Self.batch
    }

    /// The records that a stream lacks to say the same as this: the living in the order of their registration, terminations
    /// that are not known to be finished, those that are, and who owns whom.
    ///
    /// - Parameters:
    ///   - contents: What the stream says.
    ///   - writer: The broker user who will write the records; what it owns need not be said.
    ///   - owners: Whether it is to say who owns whom.
    func records(missingIn contents: DirectoryIndex, writer: String?, owners: Bool) -> [TimedAnnouncement] {
        var records: [TimedAnnouncement] = []
        for tombstone in tombstones.values where !tombstone.isFinished && contents.tombstones[Key(tombstone.id)] == nil
        {
            let announcement = Announcement.terminated(tombstone.id, lineage: tombstone.lineage)
            records.append(TimedAnnouncement(announcement: announcement, time: tombstone.time))
        }
        for entry in missing(in: contents) {
            let announcement = Announcement.registered(entry.id, lineage: entry.lineage)
            records.append(TimedAnnouncement(announcement: announcement, time: entry.time))
        }
        return records + gone(missingIn: contents) + (owners ? owned(missingIn: contents, writer) : [])
    }

    /// The living whom a stream does not know, oldest registration first.
    func missing(in contents: DirectoryIndex) -> [Entry] {
        entries.values
            .filter { contents.state(of: $0.id) == .missing }
            .sorted { $0.order < $1.order }
    }

    private func gone(missingIn contents: DirectoryIndex) -> [TimedAnnouncement] {
        struct Batch: Hashable {
            let role: EntityRole
            let bucket: UInt64
        }
        let missing = tombstones.filter { $0.value.isFinished && contents.tombstones[$0.key]?.isFinished != true }
        let batches = Dictionary(grouping: missing.values) { tombstone in
            Batch(role: tombstone.id.role, bucket: tombstone.time / Self.bucket)
        }
        return batches.values
            .flatMap { batch in
                batch.chunked(by: Self.batch).map { part in
                    let time = part.map(\.time).max() ?? 0
                    return TimedAnnouncement(announcement: .gone(part.map(\.id)), time: time)
                }
            }
            .sorted { $0.time < $1.time }
    }

    private func owned(missingIn contents: DirectoryIndex, _ writer: String?) -> [TimedAnnouncement] {
        let missing = entries.values.filter { entry in
            guard let owner = entry.owner.user else { return false }
            if let known = contents.entries[Key(entry.id)] { return known.owner.user != owner }
            return owner != writer
        }
        return Dictionary(grouping: missing) { $0.owner.user ?? "" }.flatMap { user, entries in
            entries.chunked(by: Self.batch).map { part in
                TimedAnnouncement(announcement: .owned(user, part.map(\.id)), time: 0)
            }
        }
    }
}

extension Array {
    /// Parts of at most `size` elements.
    fileprivate func chunked(by size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
    }
}
