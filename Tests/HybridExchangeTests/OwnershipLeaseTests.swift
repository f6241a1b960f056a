import ExchangeTestKit
import Testing

@testable import HybridExchange

@Suite("The lease of an owner")
struct OwnershipLeaseTests {
    @Test("A lease is valid exactly while a proven renewal began less than its time ago (5,000 generated sequences)")
    func generated() {
        struct Renewal {
            let number: UInt64
            let start: ContinuousClock.Instant
            var halves: Set<Int> = []
        }
        let first = SeededGenerator.processSeed
        for seed in first..<(first &+ 5000) {
            var random = SeededGenerator(seed: seed)
            let duration = Duration.milliseconds(3000)
            var lease = OwnershipLease(duration: duration)
            var now = ContinuousClock.now
            var renewals: [Renewal] = []
            var isNeeded = false
            var last: ContinuousClock.Instant?
            func note(_ number: UInt64?) {
                guard let number else { return }
                #expect(isNeeded && last.map { $0.duration(to: now) >= duration / 3 } ?? true, "\(random)")
                #expect(renewals.allSatisfy { $0.number < number })
                renewals.append(Renewal(number: number, start: now))
                last = now
            }
            for _ in 0..<80 {
                switch Int.random(in: 0...9, using: &random) {
                case 0:
                    isNeeded = true
                    note(lease.begin(at: now))
                case 1 where Int.random(in: 0...4, using: &random) == 0:
                    isNeeded = false
                    lease.stop()
                case 2 where Int.random(in: 0...4, using: &random) == 0:
                    lease.lose()
                    renewals = []
                    last = nil
                case 3, 4:
                    guard let index = renewals.indices.randomElement(using: &random) else { break }
                    lease.returned(renewals[index].number)
                    renewals[index].halves.insert(0)
                case 5, 6:
                    guard let index = renewals.indices.randomElement(using: &random) else { break }
                    lease.answered(renewals[index].number)
                    renewals[index].halves.insert(1)
                case 7:
                    // The machine sleeps.
                    now += .milliseconds(.random(in: 0...9000, using: &random))
                default: now += .milliseconds(.random(in: 0...900, using: &random))
                }
                if let deadline = lease.deadline, now >= deadline { note(lease.tick(at: now)) }
                #expect((lease.deadline == nil) == (!isNeeded || last == nil), "\(random)")
                let isProven = renewals.contains { $0.halves.count == 2 && $0.start.duration(to: now) < duration }
                // Nothing is valid without a proof; a proof counts unless a later one was complete before it.
                if lease.isValid(at: now) { #expect(isProven, "\(random)") }
                let newest =
                    renewals.last.map { $0.halves.count == 2 && $0.start.duration(to: now) < duration } ?? false
                if newest { #expect(lease.isValid(at: now), "\(random)") }
            }
        }
    }

    @Test("One direction alone renews nothing, and a lost connection ends the lease at once")
    func directions() {
        let start = ContinuousClock.now
        var lease = OwnershipLease()
        #expect(lease.begin(at: start) == 1 && lease.deadline == start + .seconds(4) / 3)
        lease.returned(1)
        #expect(!lease.isValid(at: start))
        lease.answered(1)
        #expect(lease.isValid(at: start + .milliseconds(3999)) && !lease.isValid(at: start + .seconds(4)))
        #expect(lease.tick(at: start + .seconds(2)) == 2)
        lease.lose()
        #expect(!lease.isValid(at: start))
        lease.returned(2)
        lease.answered(2)
        #expect(!lease.isValid(at: start + .seconds(2)))
        #expect(lease.begin(at: start + .seconds(3)) == 3)
    }
}
