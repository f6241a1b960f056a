import ExchangeTestKit
import Foundation
import Testing

@testable import WorkerRuntime

@Suite("The division of slots")
struct SlotAssignmentTests {
    @Test(
        "Everybody divides the slots in the same way: evenly, with a standby, and with few moves (generated sets of workers)"
    )
    func generated() {
        for seed in LongForm.seeds(300, long: 3000) {
            var random = SeededGenerator(seed: seed)
            let slots = Int.random(in: 1...40, using: &random)
            let workers = (0..<Int.random(in: 1...9, using: &random)).map { _ in Self.worker(&random) }
            let assignment = SlotAssignment(slots: slots, workers: workers)
            #expect(assignment == SlotAssignment(slots: slots, workers: workers.shuffled(using: &random) + workers))
            #expect(assignment.places.count == slots, "seed \(seed)")
            let owned = Dictionary(grouping: assignment.places, by: \.owner).mapValues(\.count)
            #expect((owned.values.max() ?? 0) <= (slots + workers.count - 1) / workers.count, "seed \(seed)")
            for place in assignment.places {
                #expect(workers.contains(place.owner))
                #expect((place.standby == nil) == (workers.count == 1) && place.standby != place.owner, "seed \(seed)")
            }
        }
    }

    @Test("A worker that comes takes its share, and most other slots stay where they are")
    func moves() {
        var random = SeededGenerator(seed: 1)
        var (stayed, all) = (0, 0)
        for _ in 0..<200 {
            let workers = (0..<4).map { _ in Self.worker(&random) }
            let before = SlotAssignment(slots: 32, workers: workers.dropLast())
            let after = SlotAssignment(slots: 32, workers: workers)
            #expect(after.places.filter { $0.owner == workers[3] }.count > 0)
            for (old, new) in zip(before.places, after.places) where new.owner != workers[3] {
                all += 1
                if old.owner == new.owner { stayed += 1 }
            }
        }
        #expect(Double(stayed) / Double(all) > 0.8, "\(stayed) of \(all)")
    }

    @Test("The score is the one that protocol.md names")
    func score() throws {
        let worker = try #require(UUID(uuidString: "00000000-0000-0000-0000-000000000001"))
        #expect(SlotAssignment.score(0, worker) != SlotAssignment.score(1, worker))
        #expect(SlotAssignment(slots: 3, workers: [UUID]()).places.isEmpty)
        // Any other value would divide the slots in another way than workers of an older version do.
        #expect(SlotAssignment.score(5, worker) == 0xa65b_49d7_28ca_d1e9)
    }

    static func worker(_ random: inout SeededGenerator) -> UUID {
        UUID(
            uuid: (0..<16).map { _ in UInt8.random(in: 0...255, using: &random) }.withUnsafeBytes {
                $0.load(as: uuid_t.self)
            }
        )
    }
}
