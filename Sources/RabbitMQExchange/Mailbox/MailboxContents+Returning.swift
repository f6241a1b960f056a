internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging
internal import Primitives
internal import Synchronization

/// Gives held requests back to the mailbox.
extension MailboxContents {
    /// The time for which a lost session may put its requests into the mailbox by itself.
    private static let requesterPatience = Duration.seconds(2)

    /// Gives a request back to the mailbox after a moment, unless it was answered meanwhile.
    func giveBack(_ request: Request) {
        session.background.start { [self] in
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))
                switch held.withLock({ $0.release(request) }) {
                case .busy: continue
                case .unknown: return
                case .released(let entry):
                    if case .delivery(let delivery)? = entry.receipt { delivery.reject(requeue: true) }
                    await giveBackDirectly([entry])
                    handOutNext()
                    checkSettled()
                    return
                }
            }
        }
    }

    /// The way to a session ended: it puts the requests that it had sent into the mailbox, unless it is gone too.
    func lost(_ peer: UUID) {
        guard held.withLock({ $0.expectCopies { $0.receipt?.peer == peer } }) else { return }
        session.background.start { [self] in
            try? await Task.sleep(for: Self.requesterPatience)
            await secure(requestsOf: peer)
        }
    }

    /// Puts copies of a session's held requests into the mailbox, so that they outlive this process.
    private func secure(requestsOf peer: UUID) async {
        var pause = link.pause()
        while !Task.isCancelled {
            let renewals = held.withLock { $0.beginRenewals(heldSince: .now) { $0.peer == peer } }
            var isLeft = false
            for renewal in renewals {
                do throws(AMQPError) {
                    guard try await put(renewal.request, from: peer, attempt: renewal.request.attempt) else {
                        // Its deadline has passed.
                        held.withLock { $0.keep(renewal) }
                        continue
                    }
                    _ = held.withLock { $0.renewed(renewal) }
                } catch {
                    held.withLock { $0.keep(renewal) }
                    // A terminated mailbox has no route, and its owner answers the held requests.
                    if error.code != .unroutable { isLeft = true }
                }
            }
            guard isLeft else { return }
            await pause.next()
        }
    }

    /// Gives requests that came past the broker back: puts them at the end of the mailbox as the next attempt, in order.
    ///
    /// If that fails, the way to their requester ends, and the requester puts them there. A request of which the broker has
    /// a copy is not put there again.
    func giveBackDirectly(_ entries: [HeldRequests<Receipt>.Held]) async {
        let end = ContinuousClock.now + link.patience
        let puts = entries.compactMap { entry -> (Request, UUID, OneShot<Bool>)? in
            guard let peer = entry.receipt?.peer, !entry.isCopied,
                let publication = publication(of: entry.request, from: peer, attempt: entry.request.attempt + 1)
            else { return nil }
            let signal = OneShot<Bool>()
            _ = link.publish(publication, deadline: .after(link.patience)) { result in
                if case .success = result { signal.set(true) } else { signal.set(false) }
            }
            return (entry.request, peer, signal)
        }
        for (request, peer, signal) in puts {
            if await signal.wait(until: end) == true {
                session.direct?.returned(request, to: peer)
            } else {
                link.logger.debug(
                    "a request that came directly could not be given back",
                    metadata: .init(.request(request))
                )
                session.direct?.cut(peer)
            }
        }
    }

    /// Publishes a request to the mailbox. Returns `false` when its deadline has passed.
    private func put(_ request: Request, from peer: UUID, attempt: Int) async throws(AMQPError) -> Bool {
        guard let publication = publication(of: request, from: peer, attempt: attempt) else { return false }
        try await link.publish(publication, deadline: .after(link.patience))
        return true
    }

    /// Returns the publication of a request to the mailbox; `nil` when its deadline has passed.
    private func publication(of request: Request, from peer: UUID, attempt: Int) -> Publication? {
        let names = link.names
        guard let encoded = try? Envelope.encode(.request(request), replyTo: names.sessionQueue(peer)) else {
            return nil
        }
        var properties = encoded.properties
        properties.headers[Header.attempt] = .int64(Int64(attempt))
        // Its requester may publish it, too.
        properties.headers[Header.again] = true
        properties.headers[Header.principal] = .string(request.principal ?? "")
        link.complete(&properties)
        let key = names.mailboxKey(of: mailboxID)
        return names.publication(properties, encoded.body, to: key)
    }
}
