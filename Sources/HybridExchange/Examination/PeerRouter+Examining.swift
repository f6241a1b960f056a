#if Hybrid
    internal import AgentExchange
    internal import Foundation
    internal import RabbitMQExchange

    /// Dials other sessions for an operator.
    extension PeerRouter {
        /// Dials a session at each of its endpoints that this machine can use, one after the other, each with a key of its own.
        /// Returns `nil` when the session does not answer.
        func examine(_ peer: UUID) async -> [ExaminedEndpoint]? {
            guard let host = meetings.host, let (first, content) = await meetings.invite(peer) else { return nil }
            var results: [ExaminedEndpoint] = []
            for (number, endpoint) in content.reachable().enumerated() {
                var meeting = first
                if number > 0 {
                    guard let (next, _) = await meetings.invite(peer) else { break }
                    meeting = next
                }
                results.append(ExaminedEndpoint(endpoint: endpoint, result: await host.probe(meeting, at: endpoint)))
            }
            return results
        }
    }
#endif
