internal import Foundation

extension ClientCore {
    /// Sends the request for a streamed result.
    func openStream(_ parts: ActionParts, until end: ContinuousClock.Instant) async throws(ExchangeError) -> PartBuffer
    {
        let tag = UUID.random()
        let outgoing = OutgoingCall(
            .stream,
            parts.body,
            from: id,
            to: .mailbox(.agent(parts.agent)),
            tag: tag,
            context: parts.context,
            telemetry
        )
        do throws(ExchangeError) {
            let buffer = try await openStream(parts, until: end, tag: tag, outgoing)
            outgoing.accepted()
            return buffer
        } catch {
            outgoing.end(error)
            throw error
        }
    }

    private func openStream(
        _ parts: ActionParts,
        until end: ContinuousClock.Instant,
        tag: UUID,
        _ outgoing: OutgoingCall
    ) async throws(ExchangeError) -> PartBuffer {
        let path = CallPath.current
        try path.check(parts.body, to: parts.agent)
        let left = ContinuousClock.now.duration(to: end)
        let request = try Request(
            from: id,
            to: .agent(parts.agent),
            tag: tag,
            label: parts.label,
            deadline: .after(left),
            context: outgoing.context,
            credit: RemoteHandle.streamWindow,
            parts.body
        ).with(path: path)
        let buffer = PartBuffer(request: request, outgoing: outgoing)
        try streams.add(buffer)
        do {
            try await transport.send(.request(request))
        } catch {
            streams.remove(buffer)
            if error.delivery == .unknown { cancel(request) }
            throw error
        }
        return buffer
    }

    /// Ends a stream whose consumer has stopped pulling. Responses that still arrive for it are dropped.
    ///
    /// - Parameter error: The reason that the stream ended early, if it did.
    func abandonStream(_ buffer: PartBuffer, _ error: ExchangeError?, cancel: Bool) {
        guard buffer.finish() else { return }
        if let error { buffer.outgoing.end(error) } else { buffer.outgoing.end(nil) }
        guard streams.remove(buffer) else { return }
        if cancel { self.cancel(buffer.request) }
    }
}
