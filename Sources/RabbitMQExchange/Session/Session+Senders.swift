internal import AMQP
internal import AgentExchange
internal import Logging

/// Who sent a request really: the broker lets a message have the `user_id` of its connection's user and no other, and the
/// directory knows which broker user registered each entity.
extension Session {
    /// Makes sure that the directory has been asked about the sender of a message, where senders must be known.
    ///
    /// - Returns: `false` when the directory could not be asked, so that nobody knows whether the sender is who it says.
    func learnSender(of properties: MessageProperties) async -> Bool {
        guard let source = unknownSender(of: properties) else { return true }
        for isLast in [false, true] {
            do throws(ExchangeError) {
                _ = try await directory.state(of: source)
                return true
            } catch {
                link.logger.warning(
                    "the directory could not be asked about the sender of a message",
                    metadata: .init(keys: [.error: error.description])
                )
                // What took the time of an operation is not asked again: others wait behind this message.
                guard !isLast, error.isRetryable, error.code != .deadlineExceeded else { return false }
            }
        }
        return false
    }

    /// The answer to a request about whose sender the directory could not be asked: the requester may try again.
    func unknownSenderAnswer(to request: Request) -> Response {
        request.error(.unavailable, "the agent could not ask the directory who registered the sender; try again")
    }

    /// Whether the directory need not be asked about the sender of a message.
    func knowsSender(of properties: MessageProperties) -> Bool { unknownSender(of: properties) == nil }

    private func unknownSender(of properties: MessageProperties) -> EntityID? {
        guard link.configuration.requiresUserID,
            // The others are refused, or taken, whatever the directory says.
            let user = properties.userID, user != link.user,
            let source = EntityID(header: properties.headers[Header.source], name: nil),
            directory.known(source) == .missing
        else { return nil }
        return source
    }

    /// The answer to a request that does not come from the broker user who registered its sender. `nil` when it does, when
    /// it comes from this process's own broker user, or when senders need not be known.
    func refusal(ofSenderOf request: Request, userID: String?) -> Response? {
        guard link.configuration.requiresUserID else { return nil }
        let reason: String
        if let userID {
            if userID == link.user || directory.owner(of: request.source) == userID { return nil }
            reason = "the sender was not registered by the broker user who sent the request"
        } else {
            reason = "the request has no user_id"
        }
        link.logger.warning(
            "a request was refused",
            metadata: .init(.request(request)).merging([LogKey.reason.rawValue: "\(reason)"]) { $1 }
        )
        return request.error(.forbidden, reason)
    }
}
