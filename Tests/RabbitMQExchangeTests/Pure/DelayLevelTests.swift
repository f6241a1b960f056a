import ExchangeTestKit
import Testing

@testable import RabbitMQExchange

@Suite("Levels of delays")
struct DelayLevelTests {
    @Test("Levels grow from a quarter of a second to 18 hours")
    func levels() {
        #expect(DelayLevel.all.map(\.milliseconds).prefix(4) == [250, 1000, 4000, 16_000])
        #expect(DelayLevel.all.last?.milliseconds == 65_536_000)
    }

    @Test("A request is never early, soon there, and at most a quarter of a second late (generated delays)")
    func generated() {
        var random = SeededGenerator()
        for _ in 0..<10_000 {
            let delay = Int64.random(in: 1...(1 << Int64.random(in: 1...32, using: &random)), using: &random)
            var (now, ways) = (Int64(0), 0)
            while now < delay {
                now += DelayLevel(for: delay - now).milliseconds
                ways += 1
            }
            #expect(now - delay <= 250, "\(delay) ms")
            #expect(ways <= 3 * DelayLevel.count + Int(delay / 65_536_000), "\(delay) ms took \(ways)")
        }
    }

    @Test("Any number of milliseconds has a level", arguments: [Int64.min, -1, 0, 1, .max])
    func extremes(_ left: Int64) {
        #expect(DelayLevel(for: left).number == (left == .max ? DelayLevel.count - 1 : 0))
    }
}
