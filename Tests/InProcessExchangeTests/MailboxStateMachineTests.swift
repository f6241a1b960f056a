import Testing

@Suite("The state machine of a mailbox")
struct MailboxStateMachineTests {
    @Test("Every accepted request ends once, in order, whatever happens (3,000 generated sequences)")
    func generated() throws {
        let first = UInt64.random(in: 0 ... .max - 3000)
        for seed in first..<(first + 3000) {
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
