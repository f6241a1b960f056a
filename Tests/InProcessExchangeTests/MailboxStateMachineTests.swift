import ExchangeTestKit
import Testing

@Suite("The state machine of a mailbox")
struct MailboxStateMachineTests {
    @Test("Every accepted request ends once, in order, whatever happens (generated sequences)")
    func generated() throws {
        for seed in LongForm.seeds(1000, long: 3000) {
            var model = MailboxModel(seed: seed)
            do {
                try model.run(events: 120)
            } catch {
                Issue.record("seed \(seed): \(error)")
                return
            }
        }
    }
}
