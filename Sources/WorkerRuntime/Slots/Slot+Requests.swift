internal import AgentExchange
internal import Foundation
internal import Logging

extension Slot {
    /// Gives a request its place in the order of its agent, and returns the function that serves it. Called in the order of
    /// arrival.
    func prepare(_ request: Request) -> RequestHandler {
        guard case .action(let name, let arguments) = request.body else {
            return { request, _ in
                switch request.body {
                case .ping: request.response()
                default: request.error(.unhandled, "a slot can't be shut down; stop its worker")
                }
            }
        }
        if name == WireName.idle { return { request, _ in request.response() } }
        let incoming = Incoming(request)
        let visit: AgentTable.Visit
        do throws(ExchangeError) {
            try AgentAddress(type.name, key: incoming.key).check()
            visit = try type.agents.visit(incoming.key, takesTurn: !WireName.isReserved(name))
        } catch {
            let failure = Failure(error.code, error.message)
            return { request, _ in request.error(failure) }
        }
        let work = workers.activity.begin()
        return { [self] request, client in
            defer { withExtendedLifetime(work) {} }
            if let deadline = RequestDeadline.current { client.cancel(request, at: deadline) }
            do {
                let answer = try await answer(request, incoming, name, arguments.payload, visit)
                return isOverdue ? overdue(request) : answer
            } catch {
                return isOverdue ? overdue(request) : request.error(Self.failure(error))
            }
        }
    }

    private func answer(
        _ request: Request,
        _ incoming: Incoming,
        _ name: String,
        _ payload: Payload,
        _ visit: AgentTable.Visit
    ) async throws -> Response {
        switch name {
        case WireName.metadata:
            _ = try await visit.agent()
            let address = AgentAddress(type.name, key: incoming.key)
            return try request.response(
                encoding: AgentMetadata(address: address, description: type.options.description)
            )
        case WireName.save:
            let state = try await visit.agent().save()
            return request.response(state.map { Payload(contentType: "application/json", bytes: $0) })
        case WireName.load:
            try await visit.agent().load(payload.bytes)
            return request.response()
        default:
            return try await answerMessage(request, incoming, name, payload, visit)
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
        switch try await handle(visit, name, payload, context, chain: incoming.chain) {
        case .handled(nil): return request.response()
        case .handled(let reply?):
            let encoded = try workers.serializers.encode(reply)
            let type = MessageType.contentType(encoded.payload.contentType, of: encoded.dataType)
            return request.response(Payload(contentType: type, bytes: encoded.payload.bytes))
        case .unhandled: return request.error(.unhandled, "\(context.address) has no handler for \(name)")
        case .failed(let error): return request.error(error)
        }
    }

    /// Returns the answer for an error of the runtime, which keeps its code; that of a handler is `remote`.
    private static func failure(_ error: any Error) -> Failure {
        if let error = error as? ExchangeError { return Failure(error.code, error.message) }
        return Failure(error)
    }

    /// Whether the sender of the current request has stopped waiting.
    private var isOverdue: Bool { RequestDeadline.current.map { $0 <= .now } ?? false }

    private func overdue(_ request: Request) -> Response {
        request.error(.deadlineExceeded, "the deadline passed while the agent handled the message")
    }
}
