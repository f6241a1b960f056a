import Testing

@Suite("The ledger of requests")
struct RequestLedgerTests {
    @Test("Each request ends once, and nobody waits for ever (5,000 generated sequences)")
    func generated() {
        let first = UInt64.random(in: 0 ... .max - 5000)
        for seed in first..<(first + 5000) {
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
