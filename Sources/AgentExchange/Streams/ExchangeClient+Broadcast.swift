internal import Foundation

extension ExchangeClient {
    /// Runs an action on every registered agent of a type with one message, without waiting for answers.
    ///
    /// - Returns: The agents that the broadcast addressed.
    /// - Throws: As ``ExchangeTransport/broadcast(_:)``.
    @discardableResult
    public func broadcast(
        _ name: String,
        _ arguments: ActionArguments = .none,
        toAgentsOf type: AgentType,
        allowSubtypes: Bool = true,
        deadline: Duration? = nil
    ) async throws(ExchangeError) -> [AgentID] {
        let (wait, tag) = (try RequestScope.limit(deadline ?? configuration.requestDeadline), UUID.random())
        let body = Request.Body.action(name: name, arguments: arguments)
        let outgoing = OutgoingCall(
            .broadcast,
            body,
            from: id,
            to: .agents(typeName: type.name),
            tag: tag,
            Telemetry(exchangeKind: transport.exchangeKind)
        )
        do throws(ExchangeError) {
            let broadcast = Broadcast(
                from: id,
                toAgentsOf: type.name,
                allowSubtypes: allowSubtypes,
                tag: tag,
                deadline: .after(wait),
                context: outgoing.context,
                body
            )
            let agents = try await transport.broadcast(broadcast, through: configuration.middleware)
            outgoing.accepted(recipients: agents.count)
            outgoing.end(nil)
            return agents
        } catch {
            outgoing.end(error)
            throw error
        }
    }

    /// Sends a message and waits only until the exchange has taken it.
    ///
    /// A request carries the context of the current trace. To receive the answers to requests sent in this way, read
    /// them from ``transport`` and run the client without a listener.
    ///
    /// - Throws: As ``ExchangeTransport/send(_:)``.
    public func send(_ message: Message) async throws(ExchangeError) {
        guard case .request(let request) = message else {
            try await transport.send(message)
            return
        }
        let outgoing = OutgoingCall(
            .send,
            request.body,
            from: request.source,
            to: .mailbox(request.destination),
            tag: request.tag,
            context: request.context,
            Telemetry(exchangeKind: transport.exchangeKind)
        )
        do throws(ExchangeError) {
            try await transport.send(.request(try request.with(context: outgoing.context)))
            outgoing.accepted()
            outgoing.end(nil)
        } catch {
            outgoing.end(error)
            throw error
        }
    }
}

extension ClientCore {
    /// Sends a broadcast and collects its answers.
    func ask(
        _ body: Request.Body,
        typeName: String,
        allowSubtypes: Bool,
        deadline: Duration?,
        context: [String: String] = [:]
    ) async throws(ExchangeError) -> BroadcastAnswers {
        let wait = try RequestScope.limit(deadline ?? configuration.requestDeadline)
        let end = ContinuousClock.now + wait
        let gathering = Gathering(label: UUID.random())
        let outgoing = OutgoingCall(
            .broadcast,
            body,
            from: id,
            to: .agents(typeName: typeName),
            tag: gathering.tag,
            context: context,
            telemetry
        )
        do throws(ExchangeError) {
            try streams.add(gathering)
            var broadcast = Broadcast(
                from: id,
                toAgentsOf: typeName,
                allowSubtypes: allowSubtypes,
                tag: gathering.tag,
                label: gathering.label,
                deadline: .after(wait),
                context: outgoing.context,
                body
            )
            broadcast.path = RequestScope.current.path
            let agents = try await transport.broadcast(broadcast, through: configuration.middleware)
            outgoing.accepted(recipients: agents.count)
            for response in gathering.expect(agents, tellEnd: { outgoing.end($0) }) { warn(of: response) }
            refuse(agents, of: broadcast, gathering)
        } catch {
            outgoing.end(error)
            streams.remove(gathering)
            throw error
        }
        return BroadcastAnswers(core: self, gathering: gathering, deadline: end)
    }

    /// Answers in place of the agents that can't answer before their own callers are answered.
    private func refuse(_ agents: [AgentID], of broadcast: Broadcast, _ gathering: Gathering) {
        if broadcast.path.isEmpty { return }
        for agent in agents {
            do throws(ExchangeError) {
                try broadcast.path.check(broadcast.body, to: agent)
            } catch {
                guard let request = try? broadcast.request(to: agent) else { continue }
                gathering.put(request.error(error.code, error.message))
            }
        }
    }
}
