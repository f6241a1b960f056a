internal import Logging

/// Requesters of streamed results that died: nobody says that they pull no more.
extension AgentExchangeClient {
    /// Looks after requesters while streams are open. One that is not heard of is looked for; when it is not found three times
    /// in a row, its streams end as after a cancel.
    func lookAfterRequesters() async {
        let pause = configuration.requesterPatience.bounded / OutgoingParts.looks
        while let quiet = outgoing.quiet(for: pause) {
            if !quiet.isEmpty {
                let absent = Set(await transport.unawaited(quiet))
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
}
