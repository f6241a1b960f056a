import ExchangeTestKit
import Testing

@testable import AMQP

@Suite("The queue of deadlines")
struct DeadlineQueueTests {
    @Test("gives up operations in the order of their deadlines, skips those that ended, and forgets them")
    func generated() {
        var generator = SeededGenerator()
        let start = ContinuousClock.now
        for round in 0..<300 {
            var queue = DeadlineQueue()
            var alive: [UInt64: ContinuousClock.Instant] = [:]
            var now = start
            for id in 0..<UInt64(200) {
                let deadline = now + .milliseconds(Int.random(in: -5...100, using: &generator))
                alive[id] = deadline
                queue.insert(id, at: deadline)
                if Bool.random(using: &generator), let ended = alive.keys.randomElement(using: &generator) {
                    alive[ended] = nil
                }
                now += .milliseconds(Int.random(in: 0...3, using: &generator))
                let expected = alive.filter { $0.value <= now }.sorted { ($0.value, $0.key) < ($1.value, $1.key) }
                var expired: [UInt64] = []
                while let id = queue.popExpired(now: now, isAlive: { alive[$0] != nil }) {
                    expired.append(id)
                    alive[id] = nil
                }
                #expect(expired == expected.map(\.key), "\(generator) round \(round)")
                let next = queue.next { alive[$0] != nil }
                #expect(next == alive.values.min(), "\(generator) round \(round)")
            }
        }
    }

    @Test("operations that ended long before their deadline do not pile up")
    func compaction() {
        var queue = DeadlineQueue()
        for id in 0..<UInt64(100_000) {
            queue.insert(id, at: .now + .seconds(3600))
            queue.compact(alive: 10) { $0 + 10 > id }
        }
        #expect(queue.count < 5000)
    }
}
