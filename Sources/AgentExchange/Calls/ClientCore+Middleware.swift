internal import Foundation
internal import Synchronization

/// Calls through the middleware of the client.
extension ClientCore {
    /// Whether no middleware wraps a call: the list is empty, or the call is an agent's question to itself.
    func isBare(_ body: Request.Body) -> Bool {
        configuration.middleware.isEmpty || body.isReserved
    }

    /// The same as ``call(_:to:label:deadline:context:)``, through the middleware. Not inlined: the frame of its caller is
    /// allocated for each call.
    @inline(never)
    func wrappedCall(
        _ body: Request.Body,
        to agent: AgentID,
        label: UUID,
        deadline: Duration?
    ) async throws(ExchangeError) -> Response {
        let deadline = deadline ?? configuration.requestDeadline
        let call = ClientCall(agentID: agent, body: body, deadline: deadline, context: [:], label: label)
        return try await configuration.middleware[...].call(call) { [self] (call) throws(ExchangeError) in
            try await self.call(
                call.body,
                to: call.agentID,
                label: call.label,
                deadline: call.deadline,
                context: call.context
            )
        }
    }

    /// Sends the request for a streamed result, through the middleware.
    @inline(never)
    func wrappedStream(
        _ parts: ActionParts,
        until end: ContinuousClock.Instant
    ) async throws(ExchangeError) -> PartBuffer {
        let left = ContinuousClock.now.duration(to: end)
        let call = ClientCall(
            agentID: parts.agent,
            body: parts.body,
            deadline: left,
            context: parts.context,
            label: parts.label
        )
        let opened = Mutex<PartBuffer?>(nil)
        do throws(ExchangeError) {
            try await configuration.middleware[...].stream(call) { [self] (call) throws(ExchangeError) in
                let buffer = try await openStream(ActionParts(core: self, call), until: min(end, .after(call.deadline)))
                let before = opened.withLock { opened in
                    defer { opened = buffer }
                    return opened
                }
                if let before { abandonStream(before, Self.notPulled, cancel: true) }
            }
        } catch {
            if let buffer = opened.withLock({ $0 }) { abandonStream(buffer, error, cancel: true) }
            throw error
        }
        guard let buffer = opened.withLock({ $0 }) else { throw Self.notPulled }
        return buffer
    }

    private static var notPulled: ExchangeError {
        ExchangeError(.cancelled, "middleware did not open the stream, or opened another", delivery: .unknown)
    }

    /// Sends a broadcast, through the middleware if there is any.
    func send(_ broadcast: Broadcast) async throws(ExchangeError) -> [AgentID] {
        try await transport.broadcast(broadcast, through: configuration.middleware)
    }
}

extension ExchangeTransport {
    /// Sends a broadcast, through the middleware if there is any.
    func broadcast(
        _ broadcast: Broadcast,
        through middleware: [any ExchangeMiddleware]
    ) async throws(ExchangeError) -> [AgentID] {
        if middleware.isEmpty { return try await self.broadcast(broadcast) }
        let path = broadcast.path
        return try await middleware[...].broadcast(broadcast) { (broadcast) throws(ExchangeError) in
            var broadcast = broadcast
            broadcast.path = path
            return try await self.broadcast(broadcast)
        }
    }
}

extension ActionParts {
    /// The stream that a call through middleware asks for.
    fileprivate init(core: ClientCore, _ call: ClientCall) {
        self.init(
            core: core,
            agent: call.agentID,
            label: call.label,
            body: call.body,
            deadline: call.deadline,
            context: call.context
        )
    }
}

/// The actions that agents call on themselves, past middleware.
package enum ReservedAction {
    /// Finds out whether an agent that stands by has become the active one.
    package static let standby = "warren.standby"
}

extension Request.Body {
    /// Whether this is the question of an agent to itself, which goes past middleware.
    fileprivate var isReserved: Bool {
        if case .action(ReservedAction.standby, _) = self { true } else { false }
    }
}

extension Request {
    /// Whether this is an agent's own question to itself, which goes past middleware.
    func isReserved(at agent: EntityID) -> Bool { source == agent && body.isReserved }
}
