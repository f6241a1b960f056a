internal import Foundation
internal import Synchronization

extension ActionParts {
    /// Sends the request for the result, through the middleware if there is any.
    func open(until end: ContinuousClock.Instant) async throws(ExchangeError) -> PartBuffer {
        core.isBare(body) ? try await send(until: end) : try await sendWrapped(until: end)
    }

    @inline(never)
    private func sendWrapped(until end: ContinuousClock.Instant) async throws(ExchangeError) -> PartBuffer {
        let left = ContinuousClock.now.duration(to: end)
        let call = ClientCall(agentID: agent, body: body, deadline: left, context: context, label: label)
        let opened = Mutex<PartBuffer?>(nil)
        do throws(ExchangeError) {
            try await core.configuration.middleware[...].stream(call) { [core] (call) throws(ExchangeError) in
                let parts = ActionParts(core: core, call)
                let buffer = try await parts.send(until: Swift.min(end, .after(call.deadline)))
                let before = opened.withLock { opened in
                    defer { opened = buffer }
                    return opened
                }
                if let before { core.abandon(before, Self.notPulled, cancel: true) }
            }
        } catch {
            if let buffer = opened.withLock({ $0 }) { core.abandon(buffer, error, cancel: true) }
            throw error
        }
        guard let buffer = opened.withLock({ $0 }) else { throw Self.notPulled }
        return buffer
    }

    /// The stream that a call through middleware asks for.
    private init(core: ClientCore, _ call: ClientCall) {
        self.init(
            core: core,
            agent: call.agentID,
            label: call.label,
            body: call.body,
            deadline: call.deadline,
            context: call.context
        )
    }

    private static var notPulled: ExchangeError {
        ExchangeError(.cancelled, "middleware did not open the stream, or opened another", delivery: .unknown)
    }

    /// Sends the request, past the middleware.
    private func send(until end: ContinuousClock.Instant) async throws(ExchangeError) -> PartBuffer {
        let tag = UUID.random()
        let outgoing = OutgoingCall(
            .stream,
            body,
            from: core.id,
            to: .mailbox(.agent(agent)),
            tag: tag,
            context: context,
            core.telemetry
        )
        do throws(ExchangeError) {
            let buffer = try await send(until: end, tag: tag, outgoing)
            outgoing.accepted()
            return buffer
        } catch {
            outgoing.end(error)
            throw error
        }
    }

    private func send(
        until end: ContinuousClock.Instant,
        tag: UUID,
        _ outgoing: OutgoingCall
    ) async throws(ExchangeError) -> PartBuffer {
        let path = RequestScope.current.path
        try path.check(body, to: agent)
        let left = ContinuousClock.now.duration(to: end)
        let request = try Request(
            from: core.id,
            to: .agent(agent),
            tag: tag,
            label: label,
            deadline: .after(left),
            context: outgoing.context,
            credit: PartCredit.first,
            body
        ).with(path: path)
        let buffer = PartBuffer(request: request, outgoing: outgoing)
        try core.streams.add(buffer)
        do {
            try await core.transport.send(.request(request))
        } catch {
            core.streams.remove(buffer)
            if error.delivery == .unknown { core.cancel(request) }
            throw error
        }
        return buffer
    }
}
