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
    struct Settlement {
        var publication: PendingPublication
        var outcome: Outcome
    }

    private enum Slot {
        case unanswered(PendingPublication)
        /// Given up at its deadline; its confirm may still come.
        case abandoned
        case answered
    }

    private var slots: Deque<Slot> = []
    /// The tag of the first slot.
    private var base: UInt64 = 1

    /// The tag of the next publication.
    var nextTag: UInt64 { base + UInt64(slots.count) }

    /// Records a written publication. Returns its tag.
    mutating func published(_ publication: PendingPublication) -> UInt64 {
        slots.append(.unanswered(publication))
        return nextTag - 1
    }

    /// Records a returned message; its confirm follows. Returns whether a publication matched.
    ///
    /// `basic.return` carries no tag. The broker returns in order, so the first equal message without a reason matches.
    func returned(_ properties: MessageProperties, exchange: String, routingKey: String, _ reason: ReturnReason) -> Bool
    {
        for case .unanswered(let publication) in slots where publication.returnReason == nil {
            let message = publication.message
            guard message.mandatory, message.properties.messageID == properties.messageID,
                message.exchange == exchange, message.routingKey == routingKey
            else { continue }
            publication.returnReason = reason
            return true
        }
        return false
    }

    /// Records confirms or refusals and appends their settlements, except of abandoned publications. Returns `false`
    /// when the tag was never used or was answered before, which the protocol forbids.
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
            while base <= last, !slots.isEmpty {
                _ = settle(0, positive, into: &settlements)
                removeAnswered()
            }
            return true
        }
        guard tag >= base, tag < nextTag, settle(Int(tag - base), positive, into: &settlements) else { return false }
        removeAnswered()
        return true
    }

    /// Abandons an unanswered publication; its confirm may still come. Returns `false` when it was answered or abandoned
    /// before.
    mutating func giveUp(tag: UInt64) -> Bool {
        guard tag >= base, tag < nextTag, case .unanswered = slots[Int(tag - base)] else { return false }
        slots[Int(tag - base)] = .abandoned
        return true
    }

    /// Removes and returns all unanswered publications of an ended channel, in order.
    mutating func drain() -> [PendingPublication] {
        defer {
            base = nextTag
            slots = []
        }
        return slots.compactMap { if case .unanswered(let publication) = $0 { publication } else { nil } }
    }

    /// Returns `false` when the publication was answered before.
    private mutating func settle(_ index: Int, _ positive: Bool, into settlements: inout [Settlement]) -> Bool {
        switch slots[index] {
        case .answered: return false
        case .abandoned: break
        case .unanswered(let publication):
            let outcome: Outcome =
                if !positive { .rejected } else { publication.returnReason.map { .returned($0) } ?? .confirmed }
            settlements.append(Settlement(publication: publication, outcome: outcome))
        }
        slots[index] = .answered
        return true
    }

    private mutating func removeAnswered() {
        while case .answered? = slots.first {
            slots.removeFirst()
            base += 1
        }
    }
}
