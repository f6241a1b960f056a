internal import AMQP
public import AgentExchange

/// The parked messages. They are read without being taken: what is not dropped or replayed goes back to its place. Of two
/// programs that do this at a time, one sees fewer messages.
extension ExchangeAdministration {
    /// The oldest parked messages.
    public func parked(limit: Int = 100) async throws(ExchangeError) -> [ParkedMessage] {
        var messages: [ParkedMessage] = []
        _ = try await browse { delivery, _ throws(ExchangeError) in
            guard messages.count < limit else { return .enough }
            messages.append(ParkedMessage(delivery))
            return .keep
        }
        return messages
    }

    /// Removes parked messages for good.
    ///
    /// - Returns: How many were removed.
    public func dropParked(
        where matches: (ParkedMessage) -> Bool
    ) async throws(ExchangeError) -> Int {
        try await browse { delivery, _ throws(ExchangeError) in matches(ParkedMessage(delivery)) ? .remove : .keep }
    }

    /// Sends parked messages again: to the mailbox that they were for, or to another.
    ///
    /// A message is removed when the broker has confirmed it at its destination. One that still can't be understood there
    /// is parked once more.
    ///
    /// - Parameters:
    ///   - mailbox: Where to; by default what the message says.
    ///   - matches: Which messages; asked for each that is parked.
    /// - Returns: How many were sent.
    /// - Throws: `ExchangeError.Code.invalidMessage` for a message that says no destination,
    ///   `ExchangeError.Code.badEntityID` or `ExchangeError.Code.mailboxTerminated` when that mailbox takes none;
    ///   then this message and those after it stay.
    public func replayParked(
        to mailbox: EntityID? = nil,
        where matches: (ParkedMessage) -> Bool
    ) async throws(ExchangeError) -> Int {
        // What is parked again while this runs comes behind what was there at its beginning.
        try await browse { delivery, _ throws(ExchangeError) in
            guard matches(ParkedMessage(delivery)) else { return .keep }
            try await replay(delivery, to: mailbox)
            return .remove
        }
    }

    private func replay(_ delivery: Delivery, to mailbox: EntityID?) async throws(ExchangeError) {
        var properties = delivery.properties
        let destination = EntityID(
            header: properties.headers[Header.destination],
            name: properties.headers[Header.destinationName]
        )
        guard let target = mailbox ?? destination else {
            throw ExchangeError(.invalidMessage, "the message \(ParkedMessage(delivery).id) says no destination")
        }
        for name in [Header.reason, Header.detail, Header.queue] { properties.headers[name] = nil }
        if mailbox != nil { properties.headers[Header.destination] = .string(target.header) }
        properties.userID = nil
        // The operator who sends it again is not its sender.
        properties.headers[Header.principal] = .string("")
        if delivery.omittedBytes > 0 {
            let text = "\(delivery.omittedBytes) bytes; the limit is \(link.configuration.maximumMessageSize)"
            throw ExchangeError(.messageTooLarge, text, entity: target)
        }
        let key = names.mailboxKey(of: target)
        let publication = Publication(
            exchange: names.exchange(of: key),
            routingKey: key,
            properties: properties,
            body: delivery.body,
            mandatory: true
        )
        do {
            try await link.publish(publication)
        } catch let error where error.code == .unroutable {
            throw await session.whyUnreachable(target)
        } catch {
            throw ExchangeError(error, "a parked message could not be sent", entity: target)
        }
    }

    private enum Verdict {
        case keep
        case remove
        case enough
    }

    /// Gets the messages that are there now one by one; closing the channel gives back those that were not removed.
    ///
    /// - Returns: How many were removed.
    private func browse(
        _ body: (Delivery, Int) async throws(ExchangeError) -> Verdict
    ) async throws(ExchangeError) -> Int {
        guard let count = try await link.status(ofQueue: names.parked)?.messageCount else { return 0 }
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

    /// Closes the channel, and waits until what was looked at is in its place again: a quorum queue takes that in later, and
    /// whoever looks next would miss it. Another program may look at some meanwhile, so the wait has a limit.
    private func giveBack(_ channel: Channel, until count: Int, _ limit: Deadline) async {
        try? await channel.close(deadline: limit)
        var pause = Pause(link)
        let end = ContinuousClock.now + link.patience
        while .now < end, let status = try? await link.status(ofQueue: names.parked), status.messageCount < count {
            await pause.next()
        }
    }

    private func browse(
        _ channel: Channel,
        _ count: Int,
        _ limit: Deadline,
        _ body: (Delivery, Int) async throws(ExchangeError) -> Verdict
    ) async throws(ExchangeError) -> Int {
        var removed = 0
        for index in 0..<count {
            let next: Delivery?
            do {
                next = try await channel.get(names.parked, deadline: limit)
            } catch {
                throw ExchangeError(error, "can't read the parked messages")
            }
            guard let delivery = next else { break }
            switch try await body(delivery, index) {
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
