internal import AgentExchange

/// A record with the time of its event.
struct TimedAnnouncement: Sendable, Hashable {
    let announcement: Announcement
    /// Seconds since 1970.
    let time: UInt64
}

extension DirectoryIndex {
    /// The maximum number of mailboxes in a compaction record.
    static let batch = 250

    /// The maximum difference between the times of the mailboxes in one record, in seconds.
    private static let bucket: UInt64 = 600

    /// The smallest number of records with the contents of this index.
    var neededRecords: Int {
        entries.count + tombstones.count - finishedCount + (finishedCount + Self.batch - 1) / Self.batch
    }

    /// Returns the records that a stream lacks to have the contents of this index: the living in the order of their
    /// registration, incomplete terminations, complete ones, those that only this index has forgotten, and the owners.
    ///
    /// - Parameters:
    ///   - contents: The contents of the stream.
    ///   - writer: The broker user that will write the records; the entities that it owns need no record.
    ///   - owners: Whether to include the owners.
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

    /// Returns the living entities that a stream does not know, oldest registration first.
    func missing(in contents: DirectoryIndex) -> [Entry] {
        entries.values
            .filter { contents.state(of: $0.id) == .missing }
            .sorted { $0.order < $1.order }
    }

    /// Returns whether a stream does not know some of the living entities.
    func hasEntries(missingIn contents: DirectoryIndex) -> Bool {
        entries.values.contains { contents.state(of: $0.id) == .missing }
    }

    /// Returns whether some of the living entities do not belong to a broker user, as far as their owners' names are
    /// known.
    func hasOwners(otherThan user: String?) -> Bool {
        entries.values.contains { $0.owner.user != user }
    }

    /// Returns whether announcing some of the living entities again would make a broker user their owner, because their
    /// UUIDs do not show whom they belong to.
    func hasUncertifiedOwners(otherThan user: String?) -> Bool {
        entries.values.contains { isUncertified($0.id, otherThan: user) }
    }

    /// Returns whether announcing an entity again would make a broker user its owner.
    func isUncertified(_ id: EntityID, otherThan user: String?) -> Bool {
        !id.isSelfCertifying && owner(of: id) != user
    }

    private func gone(missingIn contents: DirectoryIndex) -> [TimedAnnouncement] {
        struct Batch: Hashable {
            let role: EntityRole
            let bucket: UInt64
        }
        let missing = tombstones.values
            .filter { $0.isFinished && !contents.isFinished(Key($0.id)) }
            .map { (id: $0.id, time: $0.time) }
        // This index forgot their terminations, and the stream lists them as registered.
        let unknown = contents.entries.values
            .filter { entries[Key($0.id)] == nil && tombstones[Key($0.id)] == nil }
            .map { (id: $0.id, time: $0.time) }
        let batches = Dictionary(grouping: missing + unknown) { gone in
            Batch(role: gone.id.role, bucket: gone.time / Self.bucket)
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
    /// Returns slices of at most `size` elements.
    fileprivate func chunked(by size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
    }
}
