internal import Foundation

extension ClientCore {
    /// Sends the request for a streamed result.
    func openStream(_ parts: ActionParts, until end: ContinuousClock.Instant) async throws(ExchangeError) -> PartBuffer
    {
        let left = ContinuousClock.now.duration(to: end)
        let request = try Request(
            from: id,
            to: .agent(parts.agent),
            label: parts.label,
            deadline: Date(timeIntervalSinceNow: left / .seconds(1)),
            context: parts.context,
            credit: RemoteHandle.streamWindow,
            parts.body
        )
        let buffer = PartBuffer(request: request)
        try streams.add(buffer)
        do {
            try await transport.send(.request(request))
        } catch {
            abandonStream(buffer, cancel: error.delivery == .unknown)
            throw error
        }
        return buffer
    }

    /// Nobody pulls the stream any more. What still comes for it is dropped.
    func abandonStream(_ buffer: PartBuffer, cancel: Bool) {
        guard streams.remove(buffer) else { return }
        if cancel { self.cancel(buffer.request) }
    }
}
