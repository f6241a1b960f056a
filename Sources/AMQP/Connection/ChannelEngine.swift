internal import Logging
internal import Primitives

/// The channels of a connection after its login. Carries out the decisions of their state machines.
final class ChannelEngine {
    let wire: any Wire
    let publications: OutgoingPublications
    let acknowledgements: AcknowledgementWriter
    let requests: ChannelRequests
    private let channels: ChannelTable
    /// The consumers with deliveries of this turn.
    private var receiving: [ChannelRecord.ConsumerRecord] = []

    init(_ login: WireConnector.Login, _ configuration: ConnectionConfiguration, _ logger: Logger) {
        wire = login.wire
        channels = ChannelTable(maximumCount: login.channelMax, maximumBodySize: configuration.maximumBodySize)
        publications = OutgoingPublications(wire, channels, logger)
        acknowledgements = AcknowledgementWriter(wire, channels, logger)
        requests = ChannelRequests(wire, channels)
    }

    // MARK: Submissions

    /// Writes a request. Acknowledgements made before it reach the broker before it: closing a channel requeues all
    /// unacknowledged deliveries.
    func submit(_ request: RequestSubmission) throws(AMQPError) {
        try acknowledgements.write()
        try requests.submit(request)
    }

    /// Closes a channel that is no longer used.
    func abandon(_ key: ChannelKey) throws(AMQPError) {
        try acknowledgements.write()
        if let channel = channels[key] { try requests.close(channel) }
    }

    // MARK: Deadlines

    /// Ends the requests and publications whose deadlines have passed. Returns whether a publication ended.
    ///
    /// - Parameter blockedReason: The broker's reason for blocking publications, if it blocks.
    func expire(_ now: ContinuousClock.Instant, blockedReason: String?) -> Bool {
        requests.expire(now)
        return publications.expire(now, blockedReason: blockedReason)
    }

    /// Returns the next deadline of a request or publication.
    func nextDeadline() -> ContinuousClock.Instant? {
        .earlier(requests.nextDeadline(), publications.nextDeadline())
    }

    // MARK: Frames

    /// Handles a frame. Returns `false` when there is no such channel.
    func received(_ frame: IncomingFrame, on number: UInt16) throws(AMQPError) -> Bool {
        guard let channel = channels[number] else { return false }
        let action =
            switch frame {
            case .method(_, let method): channel.machine.received(method)
            case .header(_, let classID, let bodySize, let properties):
                channel.machine.receivedHeader(classID: classID, bodySize: bodySize, properties)
            case .body(_, let piece): channel.machine.receivedBody(piece)
            case .heartbeat: ChannelStateMachine.Action.none
            }
        try carryOut(action, on: channel)
        return true
    }

    private func carryOut(_ action: ChannelStateMachine.Action, on channel: ChannelRecord) throws(AMQPError) {
        switch action {
        case .none: break
        case .resolve(let pending, let method): try requests.resolve(pending, method, on: channel)
        case .resolveGet(let pending, let content):
            guard case .getOk(let tag, _, _, _, _) = content.method else { return }
            try note(tag, on: channel)
            if !requests.resolve(pending, content) { acknowledgements.requeue(tag, on: channel) }
        case .confirm(let tag, let multiple, let positive):
            try publications.confirmed(channel, tag: tag, multiple: multiple, positive: positive)
        case .content(let content): try received(content, on: channel)
        case .consumerCancelled(let tag):
            let error = AMQPError(
                code: .consumerCancelled,
                delivery: .unknown,
                message: "The broker cancelled the consumer \(tag); its queue was deleted or became unavailable."
            )
            channel.end(consumer: tag, error)
        case .answerFlow(let active): try answer(.channelFlowOk(active: active), on: channel)
        case .answerClose(let failed):
            requests.fail(failed, with: .closed("channel", delivery: .unknown))
            try answer(.channelCloseOk, on: channel)
        case .closedByBroker(let error, let method, let failed):
            try answer(.channelCloseOk, on: channel)
            // Publications end before the channel reports its end, so that a search for the refused one finds it
            // among them. A caller that learns of its failed request must find the channel closed.
            end(channel, error)
            // The first request of the kind that the broker names is the refused one.
            let culprit = failed.first { $0.kind.methodID == method }
            for pending in failed {
                requests.fail([pending], with: pending == culprit ? error.with(delivery: .refused) : error)
            }
        case .closed(let failed):
            requests.fail(failed, with: .closed("channel", delivery: .unknown))
            end(channel, nil)
        case .violation(let error): throw error
        }
    }

    private func answer(_ method: OutgoingMethod, on channel: ChannelRecord) throws(AMQPError) {
        try wire.write(method, channel: channel.key.number)
    }

    private func received(_ content: Content, on channel: ChannelRecord) throws(AMQPError) {
        guard case .deliver(let consumerTag, let tag, _, _, _) = content.method else {
            publications.returned(content, on: channel)
            return
        }
        try note(tag, on: channel)
        guard let consumer = channel.consumers[consumerTag] else {
            acknowledgements.requeue(tag, on: channel)
            return
        }
        if consumer.add(content) { receiving.append(consumer) }
    }

    private func note(_ tag: UInt64, on channel: ChannelRecord) throws(AMQPError) {
        guard channel.acknowledgements.delivered(tag) else {
            throw .protocolViolation("Deliveries arrived out of order.")
        }
    }

    /// Passes on the deliveries of this turn, with one call for each consumer.
    func deliverBatches() {
        for consumer in receiving { consumer.deliver() }
        receiving.removeAll(keepingCapacity: true)
    }

    // MARK: Ends

    /// Ends a channel and everything on it.
    private func end(_ channel: ChannelRecord, _ error: AMQPError?) {
        channels.remove(channel)
        let reason = error ?? .closed("channel", delivery: .unknown)
        publications.end(channel, reason)
        for tag in Array(channel.consumers.keys) { channel.end(consumer: tag, reason) }
        channel.closed.set(error)
        requests.resolveClosers(of: channel)
    }

    /// Ends everything with the connection.
    func end(_ reason: AMQPError) {
        for channel in channels.all {
            requests.fail(channel.machine.connectionLost(), with: reason.with(delivery: .unknown))
            end(channel, reason)
        }
        requests.failAll(with: reason.with(delivery: .unknown))
    }
}
