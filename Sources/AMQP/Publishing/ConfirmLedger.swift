internal import DequeModule

/// The publications of one confirm channel that the broker has not answered yet.
///
/// Events in, settlements out; no I/O and no clock. Tags count from 1 in the order of writing, as the broker counts.
struct ConfirmLedger {
    /// The reason that a mandatory message was returned.
    struct ReturnReason: Equatable, Sendable {
        var code: UInt16
        var text: String
    }

    /// The broker's decision.
    enum Outcome: Equatable, Sendable {
        case confirmed
        case rejected
        case returned(ReturnReason)
    }

    /// One answered publication.
    struct Settlement: Equatable, Sendable {
        var id: UInt64
        var bytes: Int
        var outcome: Outcome
    }

    /// Matches a `basic.return`, which carries no tag, with its publication.
    struct ReturnKey: Hashable, Sendable {
        var messageID: String
        var exchange: String
        var routingKey: String
    }

    private struct Entry {
        var id: UInt64
        var bytes: Int
        var key: ReturnKey?
        var reason: ReturnReason?
        var settled = false
    }

    private var entries: Deque<Entry> = []
    /// The tag of the first entry.
    private var base: UInt64 = 1
    /// The number of unanswered publications.
    private(set) var count = 0

    /// The tag of the next publication.
    var nextTag: UInt64 { base + UInt64(entries.count) }

    /// Records a written publication. Returns its tag.
    mutating func published(id: UInt64, bytes: Int, key: ReturnKey?) -> UInt64 {
        let tag = nextTag
        entries.append(Entry(id: id, bytes: bytes, key: key))
        count += 1
        return tag
    }

    /// Records a returned message; its confirm follows. Returns whether a publication matched.
    mutating func returned(_ key: ReturnKey, reason: ReturnReason) -> Bool {
        // The broker returns in order, so the first equal key without a reason matches.
        guard let index = entries.firstIndex(where: { !$0.settled && $0.reason == nil && $0.key == key }) else {
            return false
        }
        entries[index].reason = reason
        return true
    }

    /// Records confirms or refusals and appends their settlements. Returns `false` when the tag was never used or was
    /// settled before, which the protocol forbids.
    mutating func answered(
        tag: UInt64,
        multiple: Bool,
        positive: Bool,
        into settlements: inout [Settlement]
    ) -> Bool {
        if multiple {
            // Zero means all; a multiple confirm may have nothing left to settle.
            let last = tag == 0 ? nextTag - 1 : tag
            guard last < nextTag else { return false }
            while base <= last, !entries.isEmpty {
                settle(0, positive, into: &settlements)
                removeSettled()
            }
            return true
        }
        guard tag >= base, tag < nextTag else { return false }
        let index = Int(tag - base)
        guard !entries[index].settled else { return false }
        settle(index, positive, into: &settlements)
        removeSettled()
        return true
    }

    /// Releases a publication's share of the window; its confirm may still come. Returns the released bytes, or `nil`
    /// when it was answered or released before.
    mutating func giveUp(tag: UInt64) -> Int? {
        guard tag >= base, tag < nextTag else { return nil }
        let index = Int(tag - base)
        guard !entries[index].settled, entries[index].bytes >= 0 else { return nil }
        defer { entries[index].bytes = -1 }
        return entries[index].bytes
    }

    /// Returns all unanswered publications of an ended channel, in order.
    mutating func drain() -> [Settlement] {
        let open = entries.filter { !$0.settled }
        base = nextTag
        entries = []
        count = 0
        return open.map { Settlement(id: $0.id, bytes: $0.bytes, outcome: .rejected) }
    }

    private mutating func settle(_ index: Int, _ positive: Bool, into settlements: inout [Settlement]) {
        let entry = entries[index]
        guard !entry.settled else { return }
        entries[index].settled = true
        count -= 1
        let outcome: Outcome =
            if !positive { .rejected } else if let reason = entry.reason { .returned(reason) } else { .confirmed }
        settlements.append(Settlement(id: entry.id, bytes: entry.bytes, outcome: outcome))
    }

    private mutating func removeSettled() {
        while entries.first?.settled == true {
            entries.removeFirst()
            base += 1
        }
    }
}
