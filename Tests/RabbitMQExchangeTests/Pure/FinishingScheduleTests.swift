import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import RabbitMQExchange

@Suite("The schedule of unfinished terminations")
struct FinishingScheduleTests {
    @Test("lets an author work, then looks ever more rarely, and forgets what is finished")
    func pauses() {
        var schedule = FinishingSchedule()
        let id = EntityID.agent(AgentID())
        let start = ContinuousClock.now
        schedule.take(.terminated(id, lineage: ["A", "B"]), now: start, jitter: 0)
        #expect(schedule.takeDue(now: start + .seconds(2), limit: 8).isEmpty)
        var now = start
        var pauses: [Duration] = []
        for _ in 1...8 {
            let due = schedule.nextDue ?? start
            pauses.append(now.duration(to: due))
            now = due
            #expect(schedule.takeDue(now: now, limit: 8) == [.init(id: id, lineage: ["A", "B"])])
            #expect(schedule.takeDue(now: now + .seconds(100), limit: 8).isEmpty, "it is being looked at")
            schedule.looked(at: id, now: now, jitter: 0.5)
        }
        #expect(pauses == pauses.sorted())
        #expect(pauses.last == FinishingSchedule.longestPause)
        schedule.take(.finished(id), now: now, jitter: 0)
        #expect(schedule.count == 0)
        #expect(schedule.nextDue == nil)
    }

    @Test("a directory of 100,000 finished terminations leaves nothing to look at")
    func replay() {
        var schedule = FinishingSchedule()
        let now = ContinuousClock.now
        let ids = (0..<100_000).map { _ in EntityID.user(UserID()) }
        for id in ids { schedule.take(.terminated(id, lineage: []), now: now, jitter: 0) }
        #expect(schedule.takeDue(now: now + .seconds(60), limit: 8).count == 8)
        for id in ids { schedule.take(.finished(id), now: now, jitter: 0) }
        #expect(schedule.count == 0)
    }

    @Test("every termination is looked at again until it is finished, one look at a time (1,000 generated sequences)")
    func sequences() {
        var random = SeededGenerator()
        let seed = random.description
        for _ in 0..<1000 {
            var schedule = FinishingSchedule()
            var open: Set<EntityID> = []
            var looking: Set<EntityID> = []
            var now = ContinuousClock.now
            for _ in 0..<60 {
                now += .milliseconds(Int.random(in: 0...4000, using: &random))
                switch Int.random(in: 0..<5, using: &random) {
                case 0:
                    let id = EntityID.agent(AgentID())
                    open.insert(id)
                    schedule.take(.terminated(id, lineage: []), now: now, jitter: .random(in: 0...1, using: &random))
                case 1:
                    guard let id = open.randomElement(using: &random) else { continue }
                    open.remove(id)
                    schedule.take(.finished(id), now: now, jitter: 0)
                case 2:
                    guard let id = looking.randomElement(using: &random) else { continue }
                    looking.remove(id)
                    schedule.looked(at: id, now: now, jitter: .random(in: 0...1, using: &random))
                default:
                    for abandoned in schedule.takeDue(now: now, limit: 3) {
                        #expect(open.contains(abandoned.id), "what is finished is looked at, \(seed)")
                        #expect(looking.insert(abandoned.id).inserted, "two looks at once, \(seed)")
                    }
                }
            }
            for id in looking { schedule.looked(at: id, now: now, jitter: 0) }
            let due = schedule.takeDue(now: now + .seconds(60), limit: .max)
            #expect(Set(due.map(\.id)) == open, "\(seed)")
        }
    }
}
