internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging

/// Handles the messages in the queue of a session: responses, one or several in a delivery, notices, control messages.
///
/// A delivery of responses is acknowledged when each of them has reached a transport or a mailbox. Notices and control
/// messages arrive past the limits of mailboxes, are acknowledged at once, and may be lost.
struct AnswerReceiver: Sendable {
    let link: BrokerLink
    let directory: Directory
    let replies: ControlReplies
    let attachments: Attachments
    let senders: SenderCheck
    let settlement: DeliverySettlement
    let hints: HintTasks
    let background: BackgroundTasks
    /// Terminated mailboxes that the session lets go of, until their drain was told.
    let handovers: Underway
    /// The way past the broker, if there is one.
    let direct: (any DirectWay)?

    private var names: ExchangeNames { link.names }

    /// Takes a delivery from the session's queue: answers, a notice or a control message.
    func take(_ delivery: Delivery) {
        if let control = ControlMessage(delivery.properties) {
            take(control, delivery.properties.userID)
            delivery.acknowledge()
            return
        }
        do throws(Envelope.Malformed) {
            if delivery.properties.type == ResponseBatch.type {
                let (responses, flaw) = try ResponseBatch.decode(delivery)
                take(responses, flaw: flaw, delivery)
                return
            }
            switch try Envelope.decode(delivery.properties, body: delivery.body).checked(delivery) {
            case .response(let response):
                take(CollectionOfOne(response), flaw: nil, delivery)
            case .notice(let notice):
                delivery.acknowledge()
                take(notice, delivery.properties)
            case .request:
                throw Envelope.Malformed(reason: "a request does not belong in a session queue", request: nil)
            }
        } catch {
            background.start { await settlement.park(delivery, error.reason) }
        }
    }

    private func take(_ control: ControlMessage, _ userID: String?) {
        switch control.kind {
        case .inUse, .lettingGo, .released, .stoodBy, .renewal:
            replies.resolve(control)
        case .marker:
            replies.resolve(control)
            direct?.readMarker(control.id)
        case .meet, .met:
            let kind: DirectControl.Kind = control.kind == .meet ? .meet : .met
            direct?.take(.init(kind, id: control.id, fields: control.fields, principal: userID))
        case .claim:
            // One that closes has no consumer any more, but for a moment that of its flushing.
            guard let mailbox = control.mailbox, attachments.of(mailbox).contains(where: \.isAttached),
                control.replyTo != link.replyTo
            else { return }
            hints.start { await answer(claim: control, of: mailbox) }
        case .terminate:
            guard let mailbox = control.mailbox else { return }
            handovers.begin()
            // The renewal of this session's place may lie right behind.
            for attachment in attachments.of(mailbox) { attachment.intake.suspend() }
            hints.start(dropped: handovers.end) {
                await handOver(mailbox, control)
                handovers.end()
            }
        case .subscriptions:
            guard let mailbox = control.mailbox else { return }
            for attachment in attachments.of(mailbox) { attachment.intake.learnOfSubscriptions() }
        case .probe:
            break
        }
    }

    /// Answers a control message. The asking session has a deadline, so a failure is only logged.
    func reply(_ kind: ControlMessage.Kind, to control: ControlMessage, fields: [String: String] = [:]) async {
        guard let replyTo = control.replyTo, replyTo.hasPrefix(names.sessionPrefix) else { return }
        let answer = ControlMessage(kind, id: control.id, mailbox: control.mailbox, fields: fields)
        do throws(AMQPError) {
            _ = try await link.publish(answer, key: replyTo)
        } catch {
            link.logger.warning(
                "a control message could not be answered",
                metadata: .init(keys: [.kind: kind.rawValue, .error: error.description])
            )
        }
    }

    // MARK: Responses

    /// Takes the responses of a delivery on the connection's thread. Responses for which the broker must be asked first
    /// are handled in the background, in order.
    ///
    /// - Parameter flaw: The fault of other contents of the delivery, which is then parked, too.
    func take(_ responses: some Collection<Response>, flaw: String?, _ delivery: Delivery) {
        var left: [Response] = []
        for response in responses {
            let isKnown = senders.knowsSender(response.source, userID: delivery.properties.userID)
            if !isKnown || !hand(response, delivery) { left.append(response) }
        }
        if left.isEmpty, flaw == nil { return delivery.acknowledge() }
        background.start { [self, left] in
            var left = left[...]
            var flaw = flaw
            await settlement.persist(with: delivery) {
                while let response = left.first {
                    switch await take(response, delivery) {
                    case .taken: left.removeFirst()
                    case .later: return false
                    case .unforwardable(let reason):
                        left.removeFirst()
                        flaw = flaw ?? reason
                    }
                }
                if let flaw { return await settlement.parkOnce(delivery, flaw) }
                delivery.acknowledge()
                return true
            }
        }
    }

    /// Passes a response to its transport, unless its sender is not credible. Returns `false` without a transport in
    /// this process that takes it.
    private func hand(_ response: Response, _ delivery: Delivery) -> Bool {
        if senders.refuses(response, delivery) { return true }
        let destination = response.destination
        if let peer = delivery.properties.headers[Header.peer]?.stringValue.flatMap(UUID.init(text:)) {
            direct?.learned(peer, owns: response.source, for: destination)
        }
        guard let attachment = attachments.receiver(of: response) else { return false }
        // A visitor has no mailbox for further responses.
        return attachment.contents.put(response) || attachment.isVisitor
    }

    private enum Taking {
        case taken
        /// The response can't be handled now.
        case later
        /// The mailbox can never take the response.
        case unforwardable(reason: String)
    }

    /// Asks the directory about the sender if necessary. Sends a response for a mailbox that this process no longer
    /// receives from to the mailbox itself.
    private func take(_ response: Response, _ delivery: Delivery) async -> Taking {
        do throws(ExchangeError) {
            if !senders.knowsSender(response.source, userID: delivery.properties.userID) {
                _ = try await directory.state(of: response.source)
            }
            if hand(response, delivery) { return .taken }
            _ = try await settlement.responses.publish(response, to: .mailbox)
            return .taken
        } catch let error where error.isAboutTheMessage {
            return .unforwardable(reason: "it can't be forwarded: \(error.message)")
        } catch {
            return .later
        }
    }

    // MARK: Notices

    /// Passes a notice to the active transport, if its sender is credible.
    func take(_ notice: Notice, _ properties: MessageProperties) {
        guard !senders.knowsSender(of: properties) else { return hand(notice, properties) }
        hints.start { [self] in
            guard await senders.learnSender(of: properties) else { return hints.drop(reason: "unavailable") }
            hand(notice, properties)
        }
    }

    private func hand(_ notice: Notice, _ properties: MessageProperties) {
        guard let reason = senders.objection(to: notice.source, userID: properties.userID) else {
            var notice = notice
            notice.principal = senders.principal(of: properties)
            for attachment in attachments.served(of: notice.destination) {
                attachment.contents.inbox.put(.notice(notice))
            }
            return
        }
        hints.drop(reason: "forbidden")
        link.logger.warning(
            "a notice was refused",
            metadata: .init(.notice(notice)).merging([LogKey.reason.rawValue: "\(reason)"]) { $1 }
        )
    }

    // MARK: The end of a mailbox

    /// Lets go of a mailbox that another session drains, and answers that session.
    func handOver(_ mailbox: EntityID, _ control: ControlMessage) async {
        // Any program that may write to the exchange can send this; only the directory is trusted.
        let known = try? await directory.state(of: mailbox)
        guard known == .terminated else {
            // Until the directory can be asked, everything comes through the broker.
            if known != nil { for attachment in attachments.of(mailbox) { attachment.intake.resume() } }
            link.logger.debug(
                "the directory does not say that a mailbox was terminated",
                metadata: .init(keys: [.mailbox: mailbox.description])
            )
            return
        }
        let isOwner = attachments.isOwner(of: mailbox)
        // The drain counts the members of a group.
        let fields = members(of: mailbox)?.fields ?? [:]
        if isOwner { await reply(.lettingGo, to: control, fields: fields) }
        await attachments.letGo(of: mailbox)
        await reply(isOwner ? .released : .stoodBy, to: control, fields: fields)
    }
}

extension ResponseBatch {
    /// Decodes a delivery.
    static func decode(_ delivery: Delivery) throws(Envelope.Malformed) -> (responses: [Response], flaw: String?) {
        guard delivery.omittedBytes == 0 else { throw Envelope.Malformed(reason: delivery.omission, request: nil) }
        return try decode(delivery.properties, body: delivery.body)
    }
}
