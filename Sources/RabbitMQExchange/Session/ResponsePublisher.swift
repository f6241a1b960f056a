internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging

/// Publishes responses to the sessions and the mailboxes of their requesters.
struct ResponsePublisher: Sendable {
    let link: BrokerLink
    let mailboxes: MailboxLookup

    private var names: ExchangeNames { link.names }

    /// Publishes a response to the place that the request named, else to the requester's mailbox.
    ///
    /// - Returns: `false` when it had no recipient, not even the requester's mailbox.
    func publish(
        _ response: Response,
        to way: ReplyWay,
        isVerdict: Bool = false
    ) async throws(ExchangeError) -> Bool {
        let publication = try link.publication(of: response, to: way, isVerdict: isVerdict)
        do {
            try await link.publish(publication)
            return true
        } catch {
            return try await publishElsewhere(publication, response, after: error)
        }
    }

    /// Publishes a response again where it may be accepted, after the first publication was not.
    ///
    /// - Returns: As ``publish(_:to:isVerdict:)``.
    func publishElsewhere(
        _ publication: Publication,
        _ response: Response,
        after error: AMQPError
    ) async throws(ExchangeError) -> Bool {
        let key = names.mailboxKey(of: response.destination)
        let mailbox = publication.routingKey.hasSuffix(ExchangeNames.verdictSuffix) ? names.verdict(key) : key
        if publication.routingKey != mailbox {
            do throws(ExchangeError) {
                try await checkUnroutable(error, response)
            } catch {
                // A queue without a limit refused: its node went down at this moment.
                guard error.code == .mailboxFull else { throw error }
            }
            var publication = publication
            publication.exchange = names.exchange(of: key)
            publication.routingKey = mailbox
            do throws(AMQPError) {
                try await link.publish(publication)
                return true
            } catch {
                return try await publishElsewhere(publication, response, after: error)
            }
        }
        try await checkUnroutable(error, response)
        // The mailbox may exist, and only its binding be missing.
        guard try await mailboxes.restoreWay(to: response.destination) else { return false }
        do throws(AMQPError) {
            try await link.publish(publication)
            return true
        } catch {
            try await checkUnroutable(error, response)
            return false
        }
    }

    /// - Throws: The outcome of the response, unless it was returned.
    private func checkUnroutable(_ error: AMQPError, _ response: Response) async throws(ExchangeError) {
        if error.code == .unroutable { return }
        if error.code == .nacked { await link.renewChannel() }
        throw ExchangeError(error, "the answer was not delivered", entity: response.destination)
    }
}
