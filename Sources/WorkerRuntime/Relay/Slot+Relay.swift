internal import AgentExchange
internal import Foundation

extension Slot {
    /// Gives a request to the relay of the slot's type, and returns the function that waits for its reply.
    func relay(
        _ request: Request,
        _ incoming: Incoming,
        _ name: String,
        _ payload: Payload,
        _ work: [Activity.Work],
        to relay: any MessageRelay
    ) -> RequestHandler {
        let address = AgentAddress(type.name, key: incoming.key)
        if WireName.isReserved(name) {
            return { [self] request, client in
                defer { withExtendedLifetime(work) {} }
                if let deadline = RequestScope.current.deadline { client.cancel(request, at: deadline) }
                do {
                    return try await answer(request, address, name, payload, relay)
                } catch {
                    return request.error(Failure(ofRuntime: error))
                }
            }
        }
        let call = relay.take(RelayedRequest(request, address, incoming, name, payload))
        return { request, client in
            defer { withExtendedLifetime(work) {} }
            if let deadline = RequestScope.current.deadline { client.cancel(request, at: deadline) }
            do {
                guard let reply = try await call.reply() else { return request.response() }
                let type = MessageType.contentType(reply.payload.contentType, of: reply.dataType)
                return request.response(Payload(contentType: type, bytes: reply.payload.bytes))
            } catch let error as RequestLeft {
                throw error
            } catch {
                return request.error(Failure(ofRuntime: error))
            }
        }
    }

    /// Answers a question about an agent.
    private func answer(
        _ request: Request,
        _ address: AgentAddress,
        _ name: String,
        _ payload: Payload,
        _ relay: any MessageRelay
    ) async throws -> Response {
        switch name {
        case WireName.metadata:
            let metadata = AgentMetadata(address: address, description: type.options.description)
            return try request.response(encoding: metadata)
        case WireName.save:
            let state = try await relay.saveState(of: address)
            return request.response(state.map { Payload(contentType: "application/json", bytes: $0) })
        case WireName.load:
            try await relay.loadState(payload.bytes, of: address)
            return request.response()
        default:
            return request.error(.unhandled, "a worker answers no \(name)")
        }
    }

    /// Gives an event to the relay of the slot's type.
    func relay(_ delivery: EventDelivery, to relay: any MessageRelay) {
        guard let events = transport.eventTransport else { return }
        relay.take(
            RelayedEvent(agentType: type.name, delivery: delivery, transport: events, work: relayed.begin())
        )
    }
}
