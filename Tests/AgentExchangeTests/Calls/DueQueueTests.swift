import ExchangeTestKit
import Testing

@testable import AgentExchange

@Suite("What is due when")
struct DueQueueTests {
    @Test("Entries come out in the order of their deadlines, each once, whatever the order they came in")
    func generated() throws {
        let start = ContinuousClock.now
        for seed in UInt64(1)...200 {
            var random = SeededGenerator(seed: seed)
            var queue = DueQueue<Int>()
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

    @Test("What is due by now comes out, what is due later stays")
    func due() {
        let now = ContinuousClock.now
        var queue = DueQueue<String>()
        queue.insert("later", at: now + .seconds(1))
        queue.insert("now", at: now)
        queue.insert("before", at: now - .seconds(1))
        let due = [queue.popFirst(by: now), queue.popFirst(by: now), queue.popFirst(by: now)].map { $0?.element }
        #expect(due == ["before", "now", nil])
        #expect(queue.first?.element == "later")
    }
}
