internal import Foundation

extension ClientCore {
    /// Sends a request that is handed out at a time. Its answer is kept for the returned value.
    func schedule(
        _ body: Request.Body,
        to agent: AgentID,
        label: UUID,
        at time: Date,
        deadline: Duration?
    ) async throws(ExchangeError) -> ScheduledRequest {
        guard transport.delaysRequests else {
            throw ExchangeError(.unsupported, "the exchange delays no requests", entity: .agent(agent))
        }
        let tag = UUID.random()
        let outgoing = OutgoingCall(.send, body, from: id, to: .mailbox(.agent(agent)), tag: tag, telemetry)
        do throws(ExchangeError) {
            let request = try Request(
                from: id,
                to: .agent(agent),
                tag: tag,
                label: label,
                deadline: deadline.map { max(time, .now).addingTimeInterval($0.bounded / .seconds(1)) },
                notBefore: time,
                context: outgoing.context,
                body
            )
            try pending.open(request, deadline: request.deadline.map { .at($0) } ?? .after(.longest))
            do throws(ExchangeError) {
                try await transport.send(.request(request))
            } catch {
                pending.abandon(tag)
                throw error
            }
            outgoing.accepted()
            outgoing.end(nil)
            return ScheduledRequest(request, to: agent, core: self)
        } catch {
            outgoing.end(error)
            throw error
        }
    }
}
