internal import Foundation

/// The slots of a shared type at one worker: those that it opens, and those that it gives up. It is pure.
///
/// A worker opens a slot when it is the slot's owner or stands by for it. The exchange serves the receiver that opened a slot
/// first. So a worker that is ahead of the slot's owner gives the slot up, and opens it again behind the owner when it stands by.
/// The exchange decides which worker has a slot, never this arithmetic: workers that disagree make a key late, not double.
struct SlotShare: Sendable, Hashable {
    /// A piece of work for the worker. It reports ``opened(_:)``, ``failed(_:)`` or ``closed(_:)`` when it is done.
    enum Step: Equatable, Sendable {
        /// Open a slot, behind the workers that have it open.
        case open(Int)
        /// Take no more messages of a slot, let the running ones end, save, and close it.
        case giveUp(Int)
    }

    /// The part of this worker at a slot, as its own knowledge of the others says.
    enum Role: Equatable, Sendable {
        case owner, standby, none
    }

    private enum Phase: Hashable {
        case away, opening, open, leaving
    }

    private struct Slot: Hashable {
        var phase = Phase.away
        /// Whether it may be ahead of the owner: it was opened by the owner, or gets messages.
        var isAhead = false
        /// Whether a message came since the last look at the others.
        var isServed = false
        /// The looks in a row with messages for a worker that stands by.
        var servedLooks = 0
        /// The number of such looks after which it moves behind the owner.
        var patience = 2
    }

    private let worker: UUID
    /// The most looks that a worker which stands by and gets messages waits before it moves behind the owner again.
    private let maximumPatience: Int
    private var slots: [Slot]
    private var assignment: SlotAssignment
    private var isLeaving = false

    /// - Parameters:
    ///   - slots: The number of slots of the type.
    ///   - worker: This worker.
    init(slots: Int, worker: UUID, maximumPatience: Int = 64) {
        self.worker = worker
        self.maximumPatience = maximumPatience
        self.slots = Array(repeating: Slot(), count: slots)
        assignment = SlotAssignment(slots: slots, workers: [worker])
    }

    /// Whether no slot is open, or being opened or given up.
    var isAway: Bool { slots.allSatisfy { $0.phase == .away } }

    /// The part of this worker at a slot.
    func role(at slot: Int) -> Role {
        guard !isLeaving, assignment.places.indices.contains(slot) else { return .none }
        let place = assignment.places[slot]
        return place.owner == worker ? .owner : place.standby == worker ? .standby : .none
    }

    /// The worker has looked at the others: those that live, in any order. The worker itself counts always.
    mutating func look(_ others: some Collection<UUID>) -> [Step] {
        let new = SlotAssignment(slots: slots.count, workers: Set(others).union([worker]))
        let isNew = new != assignment
        assignment = new
        for number in slots.indices { looked(at: number, isNew: isNew) }
        return slots.indices.compactMap { step(at: $0) }
    }

    private mutating func looked(at number: Int, isNew: Bool) {
        defer { slots[number].isServed = false }
        if isNew { slots[number].patience = 2 }
        guard role(at: number) == .standby, slots[number].phase == .open, slots[number].isServed else {
            return slots[number].servedLooks = 0
        }
        slots[number].servedLooks += 1
        guard slots[number].servedLooks >= slots[number].patience else { return }
        slots[number].servedLooks = 0
        slots[number].isAhead = true
        slots[number].patience = min(2 * slots[number].patience, maximumPatience)
    }

    /// A message of a slot came.
    mutating func served(_ slot: Int) { slots[slot].isServed = true }

    /// A slot is open.
    mutating func opened(_ slot: Int) -> [Step] {
        guard slots[slot].phase == .opening else { return [] }
        slots[slot].phase = .open
        return step(at: slot).map { [$0] } ?? []
    }

    /// A slot could not be opened. The next look tries again.
    mutating func failed(_ slot: Int) {
        if slots[slot].phase == .opening { slots[slot].phase = .away }
    }

    /// A slot is closed: it was given up, or lost. After a loss the next look opens it again.
    mutating func closed(_ slot: Int) -> [Step] {
        let wasGivenUp = slots[slot].phase == .leaving
        slots[slot].phase = .away
        slots[slot].isAhead = false
        return wasGivenUp ? step(at: slot).map { [$0] } ?? [] : []
    }

    /// The worker leaves the type: it gives all slots up and opens no more.
    mutating func leave() -> [Step] {
        isLeaving = true
        return slots.indices.compactMap { step(at: $0) }
    }

    /// The next step at a slot, which has begun when this returns it.
    private mutating func step(at number: Int) -> Step? {
        let role = role(at: number)
        switch slots[number].phase {
        case .away:
            if role == .none { return nil }
            slots[number] = Slot(phase: .opening, isAhead: role == .owner, patience: slots[number].patience)
            return .open(number)
        case .opening, .leaving:
            if role == .owner, slots[number].phase == .opening { slots[number].isAhead = true }
            return nil
        case .open:
            if role == .owner {
                slots[number].isAhead = true
                return nil
            }
            if role == .standby, !slots[number].isAhead { return nil }
            slots[number].phase = .leaving
            return .giveUp(number)
        }
    }
}
