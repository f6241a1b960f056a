internal import AgentExchange
internal import Foundation
internal import Logging

extension Slot {
    /// Answers a request that concerns the slot itself.
    static func answerControl(_ request: Request) -> Response {
        switch request.body {
        case .ping: request.response()
        default: request.error(.unhandled, "a slot can't be shut down; stop its worker")
        }
    }

    /// Gives a request its place in the order of its agent, and returns the function that serves it. Called in the order of
    /// arrival.
    func prepare(_ request: Request) -> RequestHandler {
        guard case .action(let name, let arguments) = request.body else {
            return { request, _ in Self.answerControl(request) }
        }
        if name == WireName.idle { return { request, _ in request.response() } }
        type.shared?.served(number)
        switch nested.arrive(request) {
        case .new: break
        case .running, .ended:
            // Its sender has the answer by now, or gets it from the early service.
            return { request, _ in request.error(.cancelled, "the request was served early") }
        }
        let kind = SlotAction(name)
        let incoming = Incoming(request)
        let pieces = [work.begin(), workers.activity.begin()]
        let visit: AgentTable.Visit
        do throws(ExchangeError) {
            if request.credit != nil { throw ExchangeError(.invalidMessage, "a worker agent streams no result") }
            try AgentAddress(type.name, key: incoming.key).check()
            if let relay = type.relay {
                if isHandedOver.isSet { throw AgentTable.leaving }
                return self.relay(request, incoming, name, arguments.payload, pieces, to: relay)
            }
            visit = try agents.visit(incoming.key, takesTurn: kind.takesTurn, chain: incoming.chain)
        } catch {
            if isLeft(error) { return { _, _ in throw RequestLeft() } }
            let failure = Failure(error.code, error.message)
            return { request, _ in request.error(failure) }
        }
        serveEarly()
        return { [self] request, client in
            defer { withExtendedLifetime(pieces) {} }
            if let deadline = RequestScope.current.deadline { client.cancel(request, at: deadline) }
            do {
                let answer = try await answer(request, kind, key: incoming.key, visit)
                return RequestScope.current.isOverdue ? overdue(request) : answer
            } catch {
                if RequestScope.current.isOverdue { return overdue(request) }
                if isLeft(error) { throw RequestLeft() }
                return request.error(Failure(ofRuntime: error))
            }
        }
    }

    /// Whether an error says that a message of a slot that is handed over was not handled. Errors of handlers are not thrown here.
    private func isLeft(_ error: any Error) -> Bool {
        guard isHandedOver.isSet else { return false }
        return error is CancellationError || (error as? ExchangeError)?.code == .mailboxTerminated
    }

    /// Serves a request, which middleware may have changed since it took its place in the order.
    private func answer(
        _ request: Request,
        _ kind: SlotAction,
        key: String,
        _ visit: AgentTable.Visit
    ) async throws -> Response {
        let incoming = Incoming(request)
        guard case .action(let name, let arguments) = request.body, SlotAction(name) == kind,
            ExactText(incoming.key) == ExactText(key)
        else { throw ExchangeError(.invalidMessage, "middleware gave the request to another agent") }
        switch kind {
        case .message: return try await answerMessage(request, incoming, name, arguments.payload, visit)
        case .unknown: return request.error(.unhandled, "a worker has no action \(name)")
        case .metadata:
            _ = try await visit.agent()
            let address = AgentAddress(type.name, key: incoming.key)
            return try request.response(
                encoding: AgentMetadata(address: address, description: type.options.description)
            )
        case .save, .load:
            defer { visit.turn?.end() }
            try await visit.turn?.begin(chain: incoming.chain)
            let agent = try await visit.agent()
            if kind == .load {
                try await agent.load(arguments.payload.bytes)
                return request.response()
            }
            let state = try await agent.save()
            return request.response(state.map { Payload(contentType: "application/json", bytes: $0) })
        }
    }

    private func answerMessage(
        _ request: Request,
        _ incoming: Incoming,
        _ name: String,
        _ payload: Payload,
        _ visit: AgentTable.Visit
    ) async throws -> Response {
        let context = MessageContext(
            address: AgentAddress(type.name, key: incoming.key),
            sender: incoming.sender,
            messageID: incoming.messageID,
            topic: nil,
            publicationID: nil,
            deadline: request.deadline,
            attempt: request.attempt,
            principal: request.principal,
            workers: workers,
            chain: incoming.chain + (visit.turn.map { [$0.run] } ?? [])
        )
        switch try await messages.handle(visit, name, payload, context, chain: incoming.chain) {
        case .handled(nil): return request.response()
        case .handled(let reply?):
            let encoded = try workers.serializers.encode(reply)
            let type = MessageType.contentType(encoded.payload.contentType, of: encoded.dataType)
            return request.response(Payload(contentType: type, bytes: encoded.payload.bytes))
        case .unhandled: return request.error(.unhandled, "\(context.address) has no handler for \(name)")
        case .failed(let error): return request.error(error)
        }
    }

    private func overdue(_ request: Request) -> Response {
        request.error(.deadlineExceeded, "the deadline passed while the agent handled the message")
    }
}
