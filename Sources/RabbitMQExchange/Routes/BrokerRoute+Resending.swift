internal import AMQP
internal import AgentExchange

/// Sends refused requests again.
extension BrokerRoute {
    /// Sends a refused request again if it may be accepted now.
    func sendAgain(
        _ publication: Publication,
        _ request: Request,
        after error: AMQPError,
        deadline: Deadline
    ) async throws(ExchangeError) {
        do {
            try await publish(publication, to: request.destination, after: error, deadline: deadline)
        } catch let error where error.code == .unroutable || error.code == .notFound {
            try await sendRestored(publication, request, after: error, deadline: deadline)
        } catch {
            throw ExchangeError(error, "the request was not delivered", entity: request.destination)
        }
    }

    /// How long a mailbox that is not full may refuse messages.
    private static let refusalPatience = Duration.seconds(5)

    /// Publishes a refused request again if the mailbox is not full: a queue also refuses while its leader goes down,
    /// until another one is elected. A single mailbox may have kept the message that it refused.
    private func publish(
        _ publication: Publication,
        to id: EntityID,
        after first: AMQPError,
        deadline: Deadline
    ) async throws(AMQPError) {
        let end = ContinuousClock.now + Self.refusalPatience
        var pause = link.pause()
        var wasRefused = false
        var error = first
        while true {
            guard error.code == .nacked, .now < end, !Task.isCancelled, await !isFull(id) else {
                throw wasRefused && error.code != .nacked ? error.with(delivery: .unknown) : error
            }
            wasRefused = true
            await pause.next()
            await link.renewChannel()
            do throws(AMQPError) {
                return try await link.publish(publication, deadline: deadline)
            } catch let next {
                error = next
            }
        }
    }

    /// Returns whether a mailbox has reached its limit, if this process knows it.
    private func isFull(_ id: EntityID) async -> Bool {
        guard let limit = link.configuration.maximumMailboxLength else { return false }
        guard let queue = try? await link.objects.status(ofMailbox: id) else { return true }
        return queue.messageCount >= limit
    }

    /// The number of times that the route to a mailbox is restored for one request: while an exchange is being deleted,
    /// the broker still reports it as existing.
    private static let restorations = 5

    /// Sends a request again after its return, or without its exchange, if only the route to its mailbox was missing.
    private func sendRestored(
        _ publication: Publication,
        _ request: Request,
        after first: AMQPError,
        deadline: Deadline
    ) async throws(ExchangeError) {
        var (error, isUnknown) = (first, first.delivery == .unknown)
        var pause = link.pause()
        for _ in 0..<Self.restorations where !Task.isCancelled && deadline.remaining > .zero {
            let isThere: Bool
            do throws(ExchangeError) {
                isThere = try await mailboxes.restoreWay(to: request.destination)
            } catch {
                guard error.isAboutAnObject else { break }
                await pause.next()
                continue
            }
            guard isThere else {
                throw await mailboxes.whyUnreachable(request.destination, delivery: isUnknown ? .unknown : .refused)
            }
            do throws(AMQPError) {
                return try await link.publish(publication, deadline: deadline)
            } catch let next {
                error = next
                isUnknown = isUnknown || next.delivery == .unknown
            }
            guard error.code == .unroutable || error.code == .notFound else { break }
            await pause.next()
        }
        guard error.code == .unroutable else {
            let what = "the request was not delivered"
            throw ExchangeError(error, what, entity: request.destination, delivery: isUnknown ? .unknown : nil)
        }
        throw await mailboxes.whyUnreachable(request.destination, delivery: isUnknown ? .unknown : .refused)
    }
}

extension ExchangeError {
    /// Whether an exchange or a queue is missing for another reason than a node that is down.
    fileprivate var isAboutAnObject: Bool { (underlying as? AMQPError)?.code == .notFound }
}

extension AMQPError {
    /// Whether the queue refused the message or was missing: another place may accept it, or the same one later.
    var isOfTheQueue: Bool { code == .nacked || code == .unroutable }
}
