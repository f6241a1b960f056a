internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging
internal import Synchronization

/// Takes requests that came past the broker. They are held like all others; the broker has none of them until it is told.
extension DeliveryIntake {
    /// The time for which a lost session may put its requests into the mailbox by itself.
    private static let requesterPatience = Duration.seconds(2)

    /// Takes a request if it can be handed out at once.
    ///
    /// - Parameters:
    ///   - peer: The session that sent it.
    ///   - isCopied: Whether the broker has a copy too.
    func takeDirectly(_ request: Request, from peer: UUID, isCopied: Bool) -> DirectTaking {
        if isTerminated { return .terminated }
        guard isActive else { return .notOwner }
        // Through the broker it is refused for its sender, or waits until the directory knows.
        let userID = request.principal
        guard session.senders.knowsSender(request.source, userID: userID),
            session.senders.objection(to: request.source, userID: userID) == nil
        else { return .busy }
        let bytes = Message.request(request).payloadSize
        guard link.receiveWindow.hasRoom(for: bytes) else { return .busy }
        let way = ReplyWay.session(queue: link.names.sessionQueue(peer), together: 0)
        let hold = DirectHold(of: peer, bytes: bytes, account: link.received)
        let taken = held.withLock {
            $0.takeDirectly(request, way: way, receipt: .direct(hold), isCopied: isCopied)
        }
        switch taken {
        case .new(let request): inbox.put(.request(request))
        case .held, .answered(nil): break
        case .answered(let response?):
            session.background.start { [session] in _ = try? await session.responses.publish(response, to: way) }
        case .busy: return .busy
        case .closed: return isTerminated ? .terminated : .notOwner
        }
        return .taken
    }

    /// Records that a copy of a request that came directly comes through the broker.
    func expectCopy(of tag: UUID, from source: EntityID) {
        held.withLock { $0.expectCopy(of: RequestKey(source: source, tag: tag)) }
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
        var pause = Pause(link)
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
                    // A terminated mailbox has no route, and its owner answers what it holds.
                    if error.code != .unroutable { isLeft = true }
                }
            }
            guard isLeft else { return }
            await pause.next()
        }
    }

    /// Gives a request that came past the broker back: puts it at the end of the mailbox as the next attempt. If that fails,
    /// its requester does it when the direct way ends.
    func giveBackDirectly(_ request: Request, _ hold: DirectHold) async {
        do throws(AMQPError) {
            guard try await put(request, from: hold.peer, attempt: request.attempt + 1) else { return }
            session.direct?.returned(request, to: hold.peer)
        } catch {
            link.logger.debug(
                "a request that came directly could not be given back",
                metadata: .init(.request(request)).with(.error, error.description)
            )
        }
    }

    /// Publishes a request to the mailbox. Returns `false` when its deadline has passed.
    private func put(_ request: Request, from peer: UUID, attempt: Int) async throws(AMQPError) -> Bool {
        let names = link.names
        guard let encoded = try? Envelope.encode(.request(request), replyTo: names.sessionQueue(peer)) else {
            return false
        }
        var properties = encoded.properties
        properties.headers[Header.attempt] = .int64(Int64(attempt))
        properties.headers[Header.principal] = .string(request.principal ?? "")
        link.complete(&properties)
        let key = names.mailboxKey(of: mailboxID)
        let publication = Publication(
            exchange: names.exchange(of: key),
            routingKey: key,
            properties: properties,
            body: encoded.body,
            mandatory: true
        )
        try await link.publish(publication, deadline: .after(link.patience))
        return true
    }
}
