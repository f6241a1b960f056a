internal import DequeModule

/// Which publications of one confirm channel the broker has not yet answered.
///
/// Events in, settlements out; no I/O and no clock. Tags count from 1 in the order of writing, as the broker counts.
struct ConfirmLedger {
    /// Why a mandatory message came back.
    struct ReturnReason: Equatable, Sendable {
        var code: UInt16
        var text: String
    }

    /// What the broker decided.
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

    /// How a `basic.return`, which carries no tag, finds its publication.
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
    /// Publications without an answer.
    private(set) var count = 0

    /// The tag the next publication gets.
    var nextTag: UInt64 { base + UInt64(entries.count) }

    /// A publication was written. Returns its tag.
    mutating func published(id: UInt64, bytes: Int, key: ReturnKey?) -> UInt64 {
        let tag = nextTag
        entries.append(Entry(id: id, bytes: bytes, key: key))
        count += 1
        return tag
    }

    /// The broker gave a message back; its confirm follows. Returns whether a publication matched.
    mutating func returned(_ key: ReturnKey, reason: ReturnReason) -> Bool {
        // The broker returns in order, so among equal keys the first one without a reason is meant.
        guard let index = entries.firstIndex(where: { !$0.settled && $0.reason == nil && $0.key == key }) else {
            return false
        }
        entries[index].reason = reason
        return true
    }

    /// The broker confirmed or refused. Appends what that settles; returns `false` when the tag was never used or was
    /// settled before, which the protocol does not allow.
    mutating func answered(
        tag: UInt64,
        multiple: Bool,
        positive: Bool,
        into settlements: inout [Settlement]
    ) -> Bool {
        if multiple {
            // Zero means all; a multiple confirm may find nothing left to settle.
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

    /// Gives up the room a publication takes in the window; its confirm may still come. Returns the bytes given up, or
    /// `nil` when it was answered or given up before.
    mutating func giveUp(tag: UInt64) -> Int? {
        guard tag >= base, tag < nextTag else { return nil }
        let index = Int(tag - base)
        guard !entries[index].settled, entries[index].bytes >= 0 else { return nil }
        defer { entries[index].bytes = -1 }
        return entries[index].bytes
    }

    /// The channel is gone: all that was not answered, in order.
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
