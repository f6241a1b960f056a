import ExchangeTestKit
import Foundation
import Testing

@testable import WorkerRuntime

@Suite("The slots of a shared type at one worker")
struct SlotShareTests {
    /// Workers that come, leave and die, and an exchange that serves the first in line of each slot.
    private struct Scene {
        let slots: Int
        var random: SeededGenerator
        var shares: [UUID: SlotShare] = [:]
        var lines: [[UUID]]
        /// The steps that have begun.
        var steps: [(worker: UUID, step: SlotShare.Step)] = []
        var leaving: Set<UUID> = []

        init(seed: UInt64) {
            random = SeededGenerator(seed: seed)
            slots = Int.random(in: 1...8, using: &random)
            lines = Array(repeating: [], count: slots)
        }

        /// The workers that a look finds.
        var members: [UUID] { shares.keys.filter { !leaving.contains($0) } }

        mutating func come() {
            let worker = SlotAssignmentTests.worker(&random)
            shares[worker] = SlotShare(slots: slots, worker: worker, maximumPatience: 4)
            look(worker)
        }

        mutating func look(_ worker: UUID) {
            let members = members
            take(shares[worker]?.look(members) ?? [], worker)
        }

        mutating func take(_ new: [SlotShare.Step], _ worker: UUID) {
            steps += new.map { (worker, $0) }
        }

        mutating func die(_ worker: UUID) {
            shares[worker] = nil
            leaving.remove(worker)
            steps.removeAll { $0.worker == worker }
            for slot in lines.indices { lines[slot].removeAll { $0 == worker } }
        }

        /// Ends a step that has begun. Returns a violation.
        mutating func end(_ index: Int) -> String? {
            let (worker, step) = steps.remove(at: index)
            switch step {
            case .open(let slot):
                if lines[slot].contains(worker) { return "\(worker) opens slot \(slot) twice" }
                if Int.random(in: 0..<10, using: &random) == 0 {
                    shares[worker]?.failed(slot)
                    return nil
                }
                lines[slot].append(worker)
                take(shares[worker]?.opened(slot) ?? [], worker)
            case .giveUp(let slot):
                if !lines[slot].contains(worker) { return "\(worker) gives slot \(slot) up, which it does not have" }
                lines[slot].removeAll { $0 == worker }
                take(shares[worker]?.closed(slot) ?? [], worker)
            }
            if let share = shares[worker], leaving.contains(worker), share.isAway {
                if steps.contains(where: { $0.worker == worker }) { return "a worker that is away has steps" }
                die(worker)
            }
            return nil
        }

        mutating func serve() {
            for slot in lines.indices { if let first = lines[slot].first { shares[first]?.served(slot) } }
        }
    }

    @Test("Each slot ends at its owner, with the standby behind it, after any sequence of events (generated sequences)")
    func generated() {
        for seed in LongForm.seeds(60, long: 3000) {
            if let violation = violation(seed) {
                Issue.record("seed \(seed): \(violation)")
                return
            }
        }
    }

    /// Returns what went wrong in a sequence of events, if anything.
    private func violation(_ seed: UInt64) -> String? {
        var scene = Scene(seed: seed)
        scene.come()
        for _ in 0..<Int.random(in: 10...120, using: &scene.random) {
            let workers = scene.shares.keys.sorted { $0.uuidString < $1.uuidString }
            let worker = workers.randomElement(using: &scene.random)
            switch Int.random(in: 0..<10, using: &scene.random) {
            case 0: if workers.count < 5 { scene.come() }
            case 1: if workers.count > 1, let worker { scene.die(worker) }
            case 2:
                guard scene.members.count > 1, let worker, scene.leaving.insert(worker).inserted else { continue }
                scene.take(scene.shares[worker]?.leave() ?? [], worker)
                if scene.shares[worker]?.isAway == true { scene.die(worker) }
            case 3, 4: if let worker { scene.look(worker) }
            case 5: scene.serve()
            default:
                guard !scene.steps.isEmpty else { continue }
                let index = Int.random(in: 0..<scene.steps.count, using: &scene.random)
                if let violation = scene.end(index) { return violation }
            }
        }
        // Nothing more happens; messages come, and everybody looks.
        for _ in 0..<40 {
            while !scene.steps.isEmpty { if let violation = scene.end(0) { return violation } }
            scene.serve()
            for worker in Array(scene.shares.keys) { scene.look(worker) }
        }
        while !scene.steps.isEmpty { if let violation = scene.end(0) { return violation } }
        for worker in Array(scene.shares.keys) { scene.look(worker) }
        while !scene.steps.isEmpty { if let violation = scene.end(0) { return violation } }
        let places = SlotAssignment(slots: scene.slots, workers: scene.members).places
        for (slot, place) in places.enumerated() {
            let line = scene.lines[slot]
            guard line.first == place.owner, Set(line) == Set([place.owner, place.standby].compactMap { $0 }) else {
                return "slot \(slot) has \(line), not \(place)"
            }
        }
        return nil
    }
}
