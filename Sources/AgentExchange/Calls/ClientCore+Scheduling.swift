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

    /// Has an agent begin a series of requests, and waits for its answer.
    func begin(
        _ series: RequestSeries,
        _ body: Request.Body,
        of agent: AgentID,
        label: UUID,
        deadline: Duration?
    ) async throws(ExchangeError) {
        guard transport.repeatsRequests else {
            throw ExchangeError(.unsupported, "the exchange repeats no requests", entity: .agent(agent))
        }
        let tag = UUID.random()
        let outgoing = OutgoingCall(.call, body, from: id, to: .mailbox(.agent(agent)), tag: tag, telemetry)
        do throws(ExchangeError) {
            let wait = try RequestScope.limit(deadline ?? configuration.requestDeadline)
            let request = try request(body, to: agent, tag: tag, label: label, within: wait, outgoing).with(
                series: series
            )
            try pending.open(request, deadline: .now + wait)
            do throws(ExchangeError) {
                try await transport.send(.request(request))
            } catch {
                throw failed(request, error)
            }
            outgoing.accepted()
            let response = try response(to: request, within: wait, await pending.ending(of: tag))
            outgoing.end(response.outcome)
            _ = try response.payload(from: agent)
        } catch {
            outgoing.end(error)
            throw error
        }
    }

    /// Has an agent end a series, and waits for its answer.
    func endSeries(
        named name: String,
        of agent: AgentID,
        label: UUID,
        deadline: Duration?
    ) async throws(ExchangeError) {
        let series = RequestSeries.id(name, at: agent)
        let response = try await call(.cancel(tag: series), to: agent, label: label, deadline: deadline)
        _ = try response.payload(from: agent)
    }
}
