import ExchangeTestKit
import Primitives
import Testing

@Suite("The queue of deadlines")
struct DeadlineQueueTests {
    @Test("gives up elements in the order of their deadlines, skips those that ended, and forgets them")
    func ended() {
        var generator = SeededGenerator()
        let start = ContinuousClock.now
        for round in 0..<300 {
            var queue = DeadlineQueue<UInt64>()
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
                let expected = alive.values.filter { $0 <= now }.sorted()
                var expired: [ContinuousClock.Instant] = []
                while let id = queue.popExpired(now: now, isAlive: { alive[$0] != nil }) {
                    if let deadline = alive.removeValue(forKey: id) { expired.append(deadline) }
                }
                #expect(expired == expected, "\(generator) round \(round)")
                let next = queue.next { alive[$0] != nil }
                #expect(next == alive.values.min(), "\(generator) round \(round)")
            }
        }
    }

    @Test("elements that ended long before their deadline do not pile up")
    func compaction() {
        var queue = DeadlineQueue<UInt64>()
        for id in 0..<UInt64(100_000) {
            queue.insert(id, at: .now + .seconds(3600))
            queue.compact(alive: 10) { $0 + 10 > id }
        }
        #expect(queue.count < 5000)
    }

    @Test("entries come out in the order of their deadlines, each once, whatever the order they came in")
    func generated() throws {
        let start = ContinuousClock.now
        for seed in UInt64(1)...200 {
            var random = SeededGenerator(seed: seed)
            var queue = DeadlineQueue<Int>()
            var model: [Int: ContinuousClock.Instant] = [:]
            for number in 0..<200 {
                switch Int.random(in: 0..<10, using: &random) {
                case 0..<6:
                    // Mostly one after the other, as deadlines come.
                    let isLate = Bool.random(using: &random)
                    let offset = isLate ? number : Int.random(in: 0..<number + 1, using: &random)
                    let deadline = start + .milliseconds(offset)
                    queue.insert(number, at: deadline)
                    model[number] = deadline
                case 6..<9:
                    let now = start + .milliseconds(Int.random(in: 0..<number + 1, using: &random))
                    let earliest = model.values.min()
                    let entry = queue.popFirst(by: now)
                    #expect(entry?.deadline == earliest.flatMap { $0 <= now ? $0 : nil }, "seed \(seed)")
                    if let entry {
                        let deadline = model.removeValue(forKey: entry.element)
                        #expect(deadline == entry.deadline, "seed \(seed)")
                    }
                default:
                    queue.removeAll { $0.element % 7 == 0 }
                    model = model.filter { $0.key % 7 != 0 }
                }
                #expect(queue.count == model.count, "seed \(seed)")
                #expect(queue.first?.deadline == model.values.min(), "seed \(seed)")
            }
        }
    }

    @Test("an entry that is due comes out, a later one stays")
    func due() {
        let now = ContinuousClock.now
        var queue = DeadlineQueue<String>()
        queue.insert("later", at: now + .seconds(1))
        queue.insert("now", at: now)
        queue.insert("before", at: now - .seconds(1))
        let due = [queue.popFirst(by: now), queue.popFirst(by: now), queue.popFirst(by: now)].map { $0?.element }
        #expect(due == ["before", "now", nil])
        #expect(queue.first?.element == "later")
    }
}
