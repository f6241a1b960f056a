import AgentExchange
import Foundation

/// Pings that were sent to expire in a mailbox.
struct ExpiringRequests {
    /// The tags of those that the mailbox has.
    var sent: Set<UUID> = []
    /// The tags of those that the broker did not confirm before their deadline. They may be answered.
    var uncertain: Set<UUID> = []
}

extension ExchangeTransport {
    /// Sends pings that expire after a second. The deadline limits the sending too: when the broker does not confirm a
    /// ping within it, the next ones have twice the time.
    func sendExpiring(_ count: Int, to agent: AgentID) async throws -> ExpiringRequests {
        var requests = ExpiringRequests()
        var seconds = 1.0
        while requests.sent.count < count {
            let deadline = Date(timeIntervalSinceNow: seconds)
            let request = try Request(from: mailboxID, to: .agent(agent), deadline: deadline, .ping)
            do throws(ExchangeError) {
                try await send(.request(request))
                requests.sent.insert(request.tag)
            } catch {
                guard error.code == .deadlineExceeded, seconds < 8 else { throw error }
                if error.delivery != .notSent { requests.uncertain.insert(request.tag) }
                seconds *= 2
            }
        }
        return requests
    }
}
