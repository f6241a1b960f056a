internal import AMQP
internal import AgentExchange
internal import Logging

/// Verifies the sender of a message: the broker accepts only the `user_id` of the connection's user, and the UUID of the
/// source shows the broker user that it belongs to. For a UUID that does not, the directory has the broker user that
/// registered the entity.
struct SenderCheck: Sendable {
    let link: BrokerLink
    let directory: Directory

    private var names: ExchangeNames { link.names }

    /// Makes sure that the directory was asked about the sender of a message, where senders must be known.
    ///
    /// - Returns: `false` when the directory could not be asked, so that the sender can't be verified.
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
                // After a timeout it is not asked again: other messages wait behind this one.
                guard !isLast, error.isRetryable, error.code != .deadlineExceeded else { return false }
            }
        }
        return false
    }

    /// Returns the answer to a request whose sender could not be verified: the requester may try again.
    func unknownSenderAnswer(to request: Request) -> Response {
        request.error(.unavailable, "the agent could not look up the sender in the directory; try again")
    }

    /// Returns whether the directory need not be asked about the sender of a message.
    func knowsSender(of properties: MessageProperties) -> Bool { unknownSender(of: properties) == nil }

    private func unknownSender(of properties: MessageProperties) -> EntityID? {
        guard link.configuration.requiresUserID,
            let source = EntityID(header: properties.headers[Header.source], name: nil),
            !knowsSender(source, userID: properties.userID)
        else { return nil }
        return source
    }

    /// Returns whether the directory need not be asked about a source and the broker user that sent its message.
    func knowsSender(_ source: EntityID, userID: String?) -> Bool {
        // Other messages are refused or accepted without the directory.
        guard link.configuration.requiresUserID, let userID, userID != link.user else { return true }
        return source.isSelfCertifying || directory.known(source) != .missing
    }

    /// Returns the error answer to a request that another broker user than the owner of its source has sent. `nil` when the sender is verified, when the request comes from this process's own broker user, or when senders
    /// need not be known.
    func refusal(ofSenderOf request: Request, userID: String?) -> Response? {
        guard let reason = objection(to: request.source, userID: userID) else { return nil }
        link.logger.warning(
            "a request was refused",
            metadata: .init(.request(request)).merging([LogKey.reason.rawValue: "\(reason)"]) { $1 }
        )
        return request.error(.forbidden, reason)
    }

    /// Returns whether to drop a response that another broker user than the owner of its source has sent. An answer in
    /// the exchange's name may come from any user that may publish with such a key.
    func refuses(_ response: Response, _ delivery: Delivery) -> Bool {
        guard let reason = objection(to: response.source, userID: delivery.properties.userID) else { return false }
        if delivery.exchange == names.replies, delivery.routingKey.hasSuffix(ExchangeNames.verdictSuffix),
            case .failure = response.outcome
        {
            return false
        }
        link.logger.warning(
            "an answer was refused",
            metadata: .init(.response(response)).merging([LogKey.reason.rawValue: "\(reason)"]) { $1 }
        )
        return true
    }

    /// Returns the broker user that sent a message, as checked by the broker.
    ///
    /// A message that a session published once more names its first sender. Only this process's own broker user is credible
    /// about that.
    func principal(of properties: MessageProperties) -> String? {
        guard let first = properties.headers[Header.principal] else { return properties.userID }
        guard let user = properties.userID, user == link.user, let name = first.stringValue, !name.isEmpty else {
            return nil
        }
        return name
    }

    /// Returns the reason that a message is not credible as one of an entity, as far as the directory is known here;
    /// `nil` when it is.
    func objection(to source: EntityID, userID: String?) -> String? {
        guard link.configuration.requiresUserID else { return nil }
        guard let userID else { return "the message has no user_id" }
        if userID == link.user || directory.isOwner(userID, of: source) { return nil }
        return "the source does not belong to the broker user that sent the message"
    }
}
