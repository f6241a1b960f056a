internal import Logging

/// Requesters of streamed results that died: nobody says that they pull no more.
extension AgentExchangeClient {
    /// Looks after requesters while streams are open. One that is not heard of is looked for; when it is not found three times
    /// in a row, its streams end as after a cancel.
    func lookAfterRequesters() async {
        let pause = configuration.requesterPatience.bounded / OutgoingParts.looks
        while let quiet = outgoing.quiet(for: pause) {
            if !quiet.isEmpty {
                let absent = Set(await unawaited(quiet))
                for request in quiet where outgoing.looked(for: request, isThere: !absent.contains(request)) {
                    configuration.logger.warning(
                        "a requester is gone; its stream ends",
                        metadata: .init(.request(request))
                    )
                    _ = running.cancel(request.tag, of: request.source)
                }
            }
            do { try await Task.sleep(for: pause) } catch { return }
        }
    }

    /// The requests whose requesters receive no more.
    private func unawaited(_ requests: [Request]) async -> [Request] {
        if let posting = core.posting { return await posting.unawaited(requests) }
        var unawaited: [Request] = []
        for request in requests {
            guard let details = try? await transport.details(of: request.source) else { continue }
            if details.status != .active || details.attachedConsumers == 0 { unawaited.append(request) }
        }
        return unawaited
    }
}
