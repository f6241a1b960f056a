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
            let source = EntityID(header: properties.headers[Header.source], name: nil),
            !knowsSender(source, userID: properties.userID)
        else { return nil }
        return source
    }

    /// The same of the source that a message names, and the broker user who sent it.
    func knowsSender(_ source: EntityID, userID: String?) -> Bool {
        // The others are refused, or taken, whatever the directory says.
        guard link.configuration.requiresUserID, let userID, userID != link.user else { return true }
        return directory.known(source) != .missing
    }

    /// The answer to a request that does not come from the broker user who registered its sender. `nil` when it does, when
    /// it comes from this process's own broker user, or when senders need not be known.
    func refusal(ofSenderOf request: Request, userID: String?) -> Response? {
        guard let reason = objection(to: request.source, userID: userID) else { return nil }
        link.logger.warning(
            "a request was refused",
            metadata: .init(.request(request)).merging([LogKey.reason.rawValue: "\(reason)"]) { $1 }
        )
        return request.error(.forbidden, reason)
    }

    /// Whether a response is not taken, because it does not come from the broker user who registered its source. An answer
    /// in the exchange's name may come from others: from those who may publish with such a key.
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

    /// The broker user who sent a message, as the broker has checked.
    ///
    /// A message that was put into a mailbox once more tells who sent it at first. Only this process's own broker user is
    /// believed about that.
    func principal(of properties: MessageProperties) -> String? {
        guard let first = properties.headers[Header.principal] else { return properties.userID }
        guard let user = properties.userID, user == link.user, let name = first.stringValue, !name.isEmpty else {
            return nil
        }
        return name
    }

    /// Why a message is not believed to come from an entity, as far as the directory is known here. `nil` when it is.
    func objection(to source: EntityID, userID: String?) -> String? {
        guard link.configuration.requiresUserID else { return nil }
        guard let userID else { return "the message has no user_id" }
        if userID == link.user || directory.owner(of: source) == userID { return nil }
        return "the sender was not registered by the broker user who sent the message"
    }
}
