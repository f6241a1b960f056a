public import Foundation

extension RemoteHandle {
    /// Has the agent get a request again and again, and returns when the exchange keeps the series.
    ///
    /// The agent gets the request at `first`, and at each interval after it: at least once each time, never earlier, and within
    /// 1 s when exchange and agent are up and the agent has no backlog. One request of a series runs at a time. Times that
    /// pass while one runs, or while no agent is up, are left out, except for the last. The requests come until the series is
    /// cancelled, also when this process ends. Their results are dropped. One that fails does not end the series; one that ends
    /// its process more often than the exchange's limit of redeliveries does.
    ///
    /// A series replaces one of the same name at this agent. Middleware of the client does not see the call. Handlers see the
    /// agent as the ``Request/source``, and the requester's ``Request/principal``.
    ///
    /// - Parameters:
    ///   - name: The action, 1 to 255 bytes.
    ///   - arguments: Its arguments.
    ///   - interval: The time between two requests, ``RequestSeries/shortestInterval`` to ``RequestSeries/longestInterval``.
    ///   - series: The name of the series, 1 to 255 bytes: see ``cancelSeries(named:deadline:)``.
    ///   - first: The first time, by the wall clock. The default is one interval from now. A past one means now; the others
    ///     follow from it all the same.
    ///   - deadline: How long to wait for the agent, which begins the series.
    /// - Throws: ``ExchangeError/Code/unsupported`` when the exchange does not repeat requests
    ///   (``ExchangeTransport/repeatsRequests``), ``ExchangeError/Code/invalidMessage`` for a name, an interval or a time that is
    ///   out of range, ``ExchangeError/Code/incompatibleProtocol`` from an agent of an older version; every error of
    ///   ``action(_:_:deadline:)``. After ``ExchangeError/Code/deadlineExceeded`` the series may have begun.
    public func schedule(
        _ name: String,
        _ arguments: ActionArguments = .none,
        every interval: Duration,
        named series: String,
        from first: Date? = nil,
        deadline: Duration? = nil
    ) async throws(ExchangeError) {
        let rule = try RequestSeries(series, every: interval, from: first ?? .after(interval))
        try await begin(rule, .action(name: name, arguments: arguments), deadline)
    }

    private func begin(
        _ series: RequestSeries,
        _ body: Request.Body,
        _ deadline: Duration?
    ) async throws(ExchangeError) {
        let (agent, pending, transport) = (EntityID.agent(agentID), core.pending, core.transport)
        guard transport.repeatsRequests else {
            throw ExchangeError(.unsupported, "the exchange repeats no requests", entity: agent)
        }
        let tag = UUID.random()
        let outgoing = OutgoingCall(.call, body, from: core.id, to: .mailbox(agent), tag: tag, core.telemetry)
        do throws(ExchangeError) {
            let wait = try RequestScope.limit(deadline ?? core.configuration.requestDeadline)
            let request = try core.request(body, to: agentID, tag: tag, label: label, within: wait, outgoing)
                .with(series: series)
            try pending.open(request, deadline: .now + wait)
            do throws(ExchangeError) {
                try await transport.send(.request(request))
            } catch {
                throw core.failed(request, error)
            }
            outgoing.accepted()
            let response = try core.response(to: request, within: wait, await pending.ending(of: tag))
            outgoing.end(response.outcome)
            _ = try response.payload(from: agentID)
        } catch {
            outgoing.end(error)
            throw error
        }
    }

    /// Cancels a series of requests, and returns when the agent has ended it. Does nothing when the agent has no series of that
    /// name.
    ///
    /// No request of the series is made after the return, also when the agent is started again. A request that had left the
    /// exchange before may still run in another process of a group; this process cancels the request that it runs.
    ///
    /// - Parameters:
    ///   - name: The name of the series.
    ///   - deadline: How long to wait for the agent.
    /// - Throws: Every error of ``action(_:_:deadline:)``.
    public func cancelSeries(named name: String, deadline: Duration? = nil) async throws(ExchangeError) {
        let series = RequestSeries.id(name, at: agentID)
        let response = try await core.call(.cancel(tag: series), to: agentID, label: label, deadline: deadline)
        _ = try response.payload(from: agentID)
    }
}
