import AgentExchange
import RabbitMQExchange

extension ExchangeAdministration {
    /// Terminates a mailbox. Returns `terminated`, `was terminated before`, or `missing` for one that never existed.
    ///
    /// - Throws: `ExchangeError`.
    func terminateReporting(_ id: EntityID) async throws -> String {
        let status: MailboxStatus
        do {
            status = try await details(of: id).status
        } catch let error where error.code == .unavailable {
            status = .active
        }
        switch status {
        case .missing: return "missing"
        case .terminated: return "was terminated before"
        case .active:
            try await terminate(id)
            return "terminated"
        }
    }
}
