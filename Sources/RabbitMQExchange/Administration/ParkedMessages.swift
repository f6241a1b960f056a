internal import AMQP
internal import AgentExchange
internal import Foundation

/// The parked messages of a namespace. They are read without being removed: a message that is neither dropped nor
/// replayed returns to its place. Of two programs that do this at the same time, one sees fewer messages.
struct ParkedMessages {
    let session: Session
    /// Their queue: that of parked messages, or that of failed requests.
    let queue: String

    init(session: Session, queue: String? = nil) {
        self.session = session
        self.queue = queue ?? session.names.parked
    }

    private var link: BrokerLink { session.link }

    /// Returns the oldest messages, with bodies of the receive window in sum.
    func oldest(
        limit: Int,
        where matches: (ParkedMessage) -> Bool
    ) async throws(ExchangeError) -> [ParkedMessage] {
        var messages: [ParkedMessage] = []
        var room = link.configuration.receiveWindowBytes
        _ = try await browse { delivery throws(ExchangeError) in
            guard messages.count < limit else { return .enough }
            let message = ParkedMessage(delivery, room: room)
            guard matches(message) else { return .keep }
            room -= message.body.count
            messages.append(message)
            return .keep
        }
        return messages
    }

    /// Removes messages permanently. Returns the number of removed messages.
    func drop(where matches: (ParkedMessage) -> Bool) async throws(ExchangeError) -> Int {
        try await browse { delivery throws(ExchangeError) in matches(ParkedMessage(delivery)) ? .remove : .keep }
    }

    /// Sends messages again, to `mailbox` or to their own. Returns the number of sent messages.
    func replay(
        to mailbox: EntityID?,
        where matches: (ParkedMessage) -> Bool
    ) async throws(ExchangeError) -> Int {
        // Messages parked again meanwhile are behind those that were there at the start.
        try await browse { delivery throws(ExchangeError) in
            guard matches(ParkedMessage(delivery)) else { return .keep }
            try await replay(delivery, to: mailbox)
            return .remove
        }
    }

    /// Sends requests again to their own mailboxes, as new ones, and keeps them. Returns the number of sent requests.
    func sendAgain(where matches: (ParkedMessage) -> Bool) async throws(ExchangeError) -> Int {
        let own = [
            Header.attempt, Header.deadline, Header.notBefore, Header.errorCode, Header.errorType, Header.path,
            Header.series, Header.every, Header.first, Header.since,
        ]
        var count = 0
        _ = try await browse { delivery throws(ExchangeError) in
            guard matches(ParkedMessage(delivery)) else { return .keep }
            var properties = delivery.properties
            properties.correlationID = UUID.random().lowercased
            properties.expiration = nil
            properties.timestamp = Date.now.amqpTimestamp
            for name in own { properties.headers[name] = nil }
            try await send(properties, delivery, to: nil)
            count += 1
            return .keep
        }
        return count
    }

    private func replay(_ delivery: Delivery, to mailbox: EntityID?) async throws(ExchangeError) {
        try await send(delivery.properties, delivery, to: mailbox)
    }

    private func send(
        _ properties: MessageProperties,
        _ delivery: Delivery,
        to mailbox: EntityID?
    ) async throws(ExchangeError) {
        var properties = properties
        let destination = EntityID(
            header: properties.headers[Header.destination],
            name: properties.headers[Header.destinationName]
        )
        guard let target = mailbox ?? destination else {
            throw ExchangeError(.invalidMessage, "the message \(ParkedMessage(delivery).id) has no destination")
        }
        for name in [Header.reason, Header.detail, Header.queue] { properties.headers[name] = nil }
        if mailbox != nil { properties.headers[Header.destination] = .string(target.header) }
        // The broker counted each listing of the parked messages.
        properties.headers[Header.deliveryCount] = nil
        if Envelope.isEvent(properties) { Self.renew(&properties) }
        properties.userID = nil
        // The operator that sends it again is not its sender.
        properties.headers[Header.principal] = .string("")
        if delivery.omittedBytes > 0 {
            let text = "\(delivery.omittedBytes) bytes; the limit is \(link.configuration.maximumMessageSize)"
            throw ExchangeError(.messageTooLarge, text, entity: target)
        }
        let key = link.names.mailboxKey(of: target)
        let publication = link.names.publication(properties, delivery.body, to: key)
        do {
            try await link.publish(publication)
        } catch let error where error.code == .unroutable {
            throw await session.mailboxes.whyUnreachable(target)
        } catch {
            throw ExchangeError(error, "a parked message could not be sent", entity: target)
        }
    }

    /// Makes an event another publication: its slot remembers the first one as handled, and its retention begins anew.
    private static func renew(_ properties: inout MessageProperties) {
        if properties.headers[Header.eventID] == nil, let id = properties.correlationID {
            properties.headers[Header.eventID] = .string(id)
        }
        properties.correlationID = UUID.random().lowercased
        properties.headers[Header.attempt] = nil
        properties.timestamp = Date.now.amqpTimestamp
    }

    private enum Verdict {
        case keep
        case remove
        case enough
    }

    /// Gets the current messages one by one. Closing the channel returns those that were not removed.
    ///
    /// - Returns: The number of removed messages.
    private func browse(
        _ body: (Delivery) async throws(ExchangeError) -> Verdict
    ) async throws(ExchangeError) -> Int {
        guard let count = try await link.objects.status(ofQueue: queue)?.messageCount else { return 0 }
        let limit = Deadline.after(link.configuration.operationTimeout + .milliseconds(10) * count)
        let channel: Channel
        do {
            channel = try await link.consumer.openChannel(confirms: false, deadline: limit)
        } catch {
            throw ExchangeError(error, "can't read the parked messages")
        }
        do throws(ExchangeError) {
            let removed = try await browse(channel, count, limit, body)
            await giveBack(channel, until: count - removed, limit)
            return removed
        } catch {
            await giveBack(channel, until: 0, limit)
            throw error
        }
    }

    /// Closes the channel and waits until the returned messages are in place again: a quorum queue takes them back
    /// later, and the next reader would miss them. Another program may be reading some meanwhile, so the wait has a
    /// limit.
    private func giveBack(_ channel: Channel, until count: Int, _ limit: Deadline) async {
        try? await channel.close(deadline: limit)
        var pause = link.pause()
        let end = ContinuousClock.now + link.patience
        while .now < end, let status = try? await link.objects.status(ofQueue: queue),
            status.messageCount < count
        {
            await pause.next()
        }
    }

    private func browse(
        _ channel: Channel,
        _ count: Int,
        _ limit: Deadline,
        _ body: (Delivery) async throws(ExchangeError) -> Verdict
    ) async throws(ExchangeError) -> Int {
        var removed = 0
        for _ in 0..<count {
            let next: Delivery?
            do {
                next = try await channel.get(queue, deadline: limit)
            } catch {
                throw ExchangeError(error, "can't read the parked messages")
            }
            guard let delivery = next else { break }
            switch try await body(delivery) {
            case .keep: break
            case .remove:
                delivery.acknowledge()
                removed += 1
            case .enough: return removed
            }
        }
        return removed
    }
}
