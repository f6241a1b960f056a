import ExchangeTestKit
import Testing

@testable import HybridExchange

@Suite("Lanes between two mailboxes")
struct LaneTests {
    @Test("Messages arrive in order, once, whichever way they go, and windows hold (generated sequences)")
    func generated() throws {
        for seed in LongForm.seeds(1500, long: 5000) {
            var world = LaneWorld(seed: seed)
            do { try world.run(events: 80) } catch {
                var logged = LaneWorld(seed: seed, isLogging: true)
                do { try logged.run(events: 80) } catch { Issue.record("seed \(seed): \(error)") }
                return
            }
        }
    }
}
