import Testing

@testable import HybridExchange

@Suite("Lanes between two mailboxes")
struct LaneTests {
    @Test("Messages arrive in order, once, whichever way they go, and windows hold (5,000 generated sequences)")
    func generated() throws {
        let first = UInt64.random(in: 0 ... .max - 5000)
        for seed in first..<(first + 5000) {
            var world = LaneWorld(seed: seed)
            do { try world.run(events: 80) } catch {
                var logged = LaneWorld(seed: seed, isLogging: true)
                do { try logged.run(events: 80) } catch { Issue.record("seed \(seed): \(error)") }
                return
            }
        }
    }
}
