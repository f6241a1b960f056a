internal import AMQP
package import AgentExchange
package import Foundation
package import Logging
internal import Primitives

/// A session, as its direct way sees it. All functions may be called on any thread, and return at once unless they are
/// `async`.
package struct DirectSession: Sendable {
    private let session: Session

    init(_ session: Session) {
        self.session = session
    }

    private var link: BrokerLink { session.link }

    /// Identifies the session.
    package var id: UUID { link.sessionID }

    /// The session's logger.
    package var logger: Logger { link.logger }

    /// The address of this process towards the broker; `nil` while it is not known.
    package var localAddress: String? { link.consumer.localAddress ?? link.publisher.localAddress }

    /// Whether both connections to the broker are open and restored.
    package var isConnected: Bool { link.isConnected }

    /// Returns the name of the queue of a session, to which answers go.
    package func queue(of other: UUID) -> String { session.names.sessionQueue(other) }

    /// Starts a task that ends with the session. Does nothing when it has ended.
    package func start(_ body: @escaping @Sendable () async -> Void) {
        session.background.start(body)
    }

    /// Makes a message on its way: `ended` gets its outcome, once.
    package func post(_ ended: @escaping PostedPublication.Ended) -> PostedPublication {
        PostedPublication(on: link, session.background, ended)
    }

    // MARK: Messages that came directly

    /// Hands a request to its mailbox.
    package func take(_ request: Request, from peer: UUID, isCopied: Bool) -> DirectTaking {
        guard let attachment = session.attachments.active(of: request.destination), attachment.isAttached else {
            return session.directory.known(request.destination) == .terminated ? .terminated : .notOwner
        }
        return attachment.intake.takeDirectly(request, from: peer, isCopied: isCopied)
    }

    /// Hands a response to its mailbox. Returns `false` when this session does not receive from the mailbox.
    ///
    /// - Parameter principal: The broker user of the session that sent it; `nil` for one that this session gives itself.
    package func take(_ response: Response, principal: String?) -> Bool {
        guard session.senders.knowsSender(response.source, userID: principal) else { return false }
        guard let attachment = session.attachments.receiver(of: response), attachment.intake.isActive,
            attachment.isAttached
        else { return false }
        if let reason = session.senders.objection(to: response.source, userID: principal) {
            logger.warning(
                "an answer was refused",
                metadata: .init(.response(response)).merging([LogKey.reason.rawValue: "\(reason)"]) { $1 }
            )
            return true
        }
        var response = response
        response.way = .direct
        return attachment.contents.put(response)
    }

    /// Answers a request of this session in the exchange's name, unless it has an answer.
    ///
    /// - Parameter response: The response to the request, with any outcome.
    package func fail(_ response: Response, _ error: ExchangeError) {
        guard let attachment = session.attachments.receiver(of: response),
            let answer = try? Response(
                from: response.source,
                to: response.destination,
                tag: response.tag,
                label: response.label,
                kind: response.kind,
                .failure(Failure(error.code, error.message))
            )
        else { return }
        attachment.contents.put(answer)
    }

    /// Hands a notice to its mailbox, unless its sender is not credible.
    package func take(_ notice: Notice) {
        guard session.senders.knowsSender(notice.source, userID: notice.principal),
            session.senders.objection(to: notice.source, userID: notice.principal) == nil
        else { return }
        for attachment in session.attachments.served(of: notice.destination) {
            attachment.contents.inbox.put(.notice(notice))
        }
    }

    /// A copy of a request that came directly comes through the broker.
    package func expectCopy(of tag: UUID, from source: EntityID, to mailbox: EntityID) {
        session.attachments.active(of: mailbox)?.intake.expectCopy(of: tag, from: source)
    }

    /// The way to a session ended. The requests that it had sent come through the broker, or are put there.
    package func lost(_ peer: UUID) {
        for attachment in session.attachments.all { attachment.contents.lost(peer) }
    }

    // MARK: Through the broker

    /// Sends a control message to another session, on a channel of its own: it proves that the broker user may publish now, and
    /// the broker remembers the permissions of a channel that is in use.
    package func send(_ control: DirectControl, to other: UUID) async -> Bool {
        let kind: ControlMessage.Kind = control.kind == .meet ? .meet : .met
        let message = ControlMessage(kind, id: control.id, mailbox: nil, replyTo: link.replyTo, fields: control.fields)
        let (key, deadline) = (session.names.sessionQueue(other), link.deadline)
        let publication = link.sign(message.publication(to: session.names.exchange(of: key), key: key))
        do throws(AMQPError) {
            let channel = try await link.publisher.openChannel(confirms: true, deadline: deadline)
            defer { channel.abandon() }
            try await channel.publish(publication, deadline: deadline)
            return true
        } catch {
            return false
        }
    }

    /// Publishes a marker behind everything that was sent to a mailbox, or to a session's queue.
    package func mark(_ id: UUID, mailbox: EntityID) {
        mark(id, key: session.names.mailboxKey(of: mailbox))
    }

    /// Publishes a marker behind everything that was sent to a session's queue, also behind answers that wait for the next
    /// turn of the connection.
    package func mark(_ id: UUID, session other: UUID) {
        let key = session.names.sessionQueue(other)
        session.ready.publish { mark(id, key: key) }
    }

    /// A lost marker is missed soon, so its outcome tells nothing.
    private func mark(_ id: UUID, key: String) {
        let publication = ControlMessage(.marker, id: id, mailbox: nil)
            .publication(to: session.names.exchange(of: key), key: key)
        _ = link.publish(publication) { _ in }
    }

    /// Sends a message through the session's own queue. Returns whether it came back in time.
    package func renew(within limit: Duration) async -> Bool {
        let message = ControlMessage(.renewal, mailbox: nil)
        let signal = session.replies.expect(message.id)
        defer { session.replies.forget(message.id) }
        let end = ContinuousClock.now + limit
        guard (try? await link.publish(message, key: link.replyTo, deadline: .after(limit))) == true else {
            return false
        }
        return await signal.wait(until: end) != nil
    }

    /// Waits for the answer to a method on the consuming connection.
    package func askConsumer() async -> Bool {
        (try? await link.objects.status(ofQueue: link.answers.name)) != nil
    }

    /// Asks the directory about the mailboxes of this session, and lets go of those that were terminated. Returns `false`
    /// when it does not answer.
    package func checkMailboxes() async -> Bool {
        for attachment in session.attachments.all where attachment.isAttached {
            guard let state = try? await session.directory.state(of: attachment.mailboxID) else { return false }
            if state == .terminated { await attachment.letGo() }
        }
        return true
    }
}
