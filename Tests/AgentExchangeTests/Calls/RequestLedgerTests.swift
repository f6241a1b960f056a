import ExchangeTestKit
import Testing

@Suite("The ledger of requests")
struct RequestLedgerTests {
    @Test("Each request ends once, and nobody waits for ever (generated sequences)")
    func generated() {
        for seed in LongForm.seeds(1500, long: 5000) {
            var model = RequestLedgerModel(seed: seed)
            do {
                try model.run(events: 100)
            } catch {
                Issue.record("seed \(seed): \(error)")
                return
            }
        }
    }
}
