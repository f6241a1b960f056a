internal import Foundation

/// The division of a type's slots among its workers: the same everywhere for the same workers and number of slots.
///
/// Each slot goes to the worker with the highest score for its number (rendezvous hashing), among those that have room: a worker
/// owns at most its even share, rounded up. The next best worker stands by. The score depends on the number and the worker
/// only, so types with the same workers and the same number of slots have the same slots at the same worker.
struct SlotAssignment: Hashable, Sendable {
    /// The workers of one slot.
    struct Place: Hashable, Sendable {
        let owner: UUID
        /// The worker that takes over when the owner is lost; `nil` when there is only one worker.
        let standby: UUID?
    }

    /// The places, by the number of the slot. Empty without a worker.
    let places: [Place]

    /// Divides the slots. The order of the workers does not matter, and doubles count once.
    init(slots: Int, workers: some Collection<UUID>) {
        let workers = Set(workers)
        guard !workers.isEmpty else {
            places = []
            return
        }
        let room = (slots + workers.count - 1) / workers.count
        var owned: [UUID: Int] = [:]
        places = (0..<slots).compactMap { slot in
            let ranked = workers.map { (worker: $0, score: Self.score(slot, $0)) }
                .sorted { ($0.score, $0.worker.uuidString) > ($1.score, $1.worker.uuidString) }
                .map(\.worker)
            guard let owner = ranked.first(where: { owned[$0, default: 0] < room }) else { return nil }
            owned[owner, default: 0] += 1
            return Place(owner: owner, standby: ranked.first { $0 != owner })
        }
    }

    /// The score of a worker for a slot: the FNV-1a hash of the worker's 16 bytes and the number of the slot, with its bits mixed.
    static func score(_ slot: Int, _ worker: UUID) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        withUnsafeBytes(of: worker.uuid) { bytes in
            for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        }
        hash = (hash ^ UInt64(truncatingIfNeeded: slot)) &* 0x0000_0100_0000_01b3
        hash = (hash ^ (hash >> 33)) &* 0xff51_afd7_ed55_8ccd
        return hash ^ (hash >> 33)
    }
}
