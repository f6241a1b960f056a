internal import Logging

/// Watches the requesters of open streams, because a requester that dies sends no cancel request.
extension AgentExchangeClient {
    /// Checks requesters that have been quiet while their streams are open. A requester that three checks in a row do
    /// not find counts as gone: its streams end as after a cancel.
    func lookAfterRequesters() async {
        let patience = max(configuration.requesterPatience.bounded, ClientConfiguration.shortestRequesterPatience)
        let pause = patience / OutgoingParts.looks
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
