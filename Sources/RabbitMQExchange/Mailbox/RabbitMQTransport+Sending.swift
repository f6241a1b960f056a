internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging
internal import Synchronization

extension RabbitMQTransport {
    func send(_ message: Message) async throws(ExchangeError) {
        try check(message)
        switch message {
        case .request(let request): try await send(request)
        case .response(let response): try await send(response)
        case .notice(let notice): try await send(notice)
        }
    }

    /// - Throws: The reason that a message can never be sent.
    func check(_ message: Message) throws(ExchangeError) {
        try checkOpen()
        try message.checkLimits()
        let size = message.payloadSize
        let limit = link.configuration.maximumMessageSize
        guard size <= limit else {
            let text = "\(size) bytes; the limit is \(limit)"
            throw ExchangeError(.messageTooLarge, text, entity: message.destination)
        }
    }

    /// Sends a notice to the mailbox's receiver, past all waiting messages. Without a receiver it is lost.
    private func send(_ notice: Notice) async throws(ExchangeError) {
        let (properties, body) = try Envelope.encode(.notice(notice), replyTo: nil)
        let key = session.names.controlKey(of: notice.destination)
        let publication = Publication(
            exchange: session.names.exchange(of: key),
            routingKey: key,
            properties: properties,
            body: body,
            mandatory: false
        )
        do {
            try await link.publish(publication)
        } catch {
            throw ExchangeError(error, "the notice was not sent", entity: notice.destination)
        }
    }

    /// Sends a broadcast to the agents in the directory, routed by the exchange.
    func send(_ broadcast: Broadcast) async throws(ExchangeError) -> [AgentID] {
        var (properties, body) = try Envelope.encode(broadcast, replyTo: link.replyTo)
        properties.headers[Header.together] = link.together
        guard body.count <= maximumMessageSize else {
            throw ExchangeError(.messageTooLarge, "\(body.count) bytes; the limit is \(maximumMessageSize)")
        }
        let agents = try await session.directory.agents(
            typeNamed: broadcast.typeName,
            allowSubtypes: broadcast.allowSubtypes
        )
        // If mailboxes have a limit, the broker does not tell which one was full.
        if link.configuration.maximumMailboxLength != nil { return try await send(broadcast, toEachOf: agents) }
        let publication = Publication(
            exchange: session.names.broadcasts,
            routingKey: session.names.broadcastKey(
                typeName: broadcast.typeName,
                allowSubtypes: broadcast.allowSubtypes
            ),
            properties: properties,
            body: body,
            mandatory: true
        )
        do {
            try await link.publish(publication)
            return agents
        } catch let error where error.code == .unroutable {
            return []
        } catch {
            // An operator set a limit: some mailboxes were full, the others have the message.
            let delivery: AgentExchange.DeliveryOutcome? = error.code == .nacked ? .unknown : nil
            throw ExchangeError(error, "the broadcast was not sent", delivery: delivery)
        }
    }

    /// Sends a broadcast as single requests. A full mailbox is answered for; a terminated one is left out.
    private func send(_ broadcast: Broadcast, toEachOf agents: [AgentID]) async throws(ExchangeError) -> [AgentID] {
        var asked: [AgentID] = []
        for agent in agents {
            let request = try broadcast.request(to: agent)
            do throws(ExchangeError) {
                try await send(request)
            } catch let error where error.code == .mailboxTerminated || error.code == .badEntityID {
                continue
            } catch let error where error.code == .mailboxFull || !asked.isEmpty {
                put(request.error(error.code, error.message))
            }
            asked.append(agent)
        }
        return asked
    }

    private func send(_ request: Request) async throws(ExchangeError) {
        let (publication, deadline) = try publication(of: request)
        do {
            try await link.publish(publication, deadline: deadline)
        } catch {
            try await sendAgain(publication, request, after: error, deadline: deadline)
        }
    }

    /// Returns the publication of a request, and its deadline.
    func publication(of request: Request) throws(ExchangeError) -> (Publication, Deadline) {
        var (properties, body) = try Envelope.encode(.request(request), replyTo: link.replyTo)
        properties.headers[Header.together] = link.together
        link.complete(&properties)
        let key = session.names.mailboxKey(of: request.destination)
        let publication = Publication(
            exchange: session.names.exchange(of: key),
            routingKey: key,
            properties: properties,
            body: body,
            mandatory: true
        )
        var limit = link.configuration.operationTimeout
        if let deadline = request.deadline {
            limit = min(limit, .milliseconds(deadline.milliseconds(since: .now)))
        }
        return (publication, .after(limit))
    }

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
        var pause = Pause(link)
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
        guard let queue = try? await link.lookAt(id) else { return true }
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
        var pause = Pause(link)
        for _ in 0..<Self.restorations where !Task.isCancelled && deadline.remaining > .zero {
            let isThere: Bool
            do throws(ExchangeError) {
                isThere = try await session.restoreWay(to: request.destination)
            } catch {
                guard error.isAboutAnObject else { break }
                await pause.next()
                continue
            }
            guard isThere else {
                throw await session.whyUnreachable(request.destination, delivery: isUnknown ? .unknown : .refused)
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
        throw await session.whyUnreachable(request.destination, delivery: isUnknown ? .unknown : .refused)
    }

    /// Sends a response, and acknowledges its request if this transport received it.
    private func send(_ response: Response) async throws(ExchangeError) {
        guard response.isTerminal else {
            try await send(part: response)
            return
        }
        switch held.withLock({ $0.answer(response) }) {
        case .again: try checkAgain(response)
        case .foreign: try await send(foreign: response)
        case .send(let replyTo):
            try await finish(response) { (session) throws(ExchangeError) in
                try await session.publish(response, replyTo: replyTo?.queue)
            }
        }
    }

    /// Checks a response to a request that is already answered or being answered.
    func checkAgain(_ response: Response) throws(ExchangeError) {
        if isTerminated { throw ExchangeError(.mailboxTerminated, "it was answered already", entity: mailboxID) }
        link.logger.warning("a second answer was dropped", metadata: .init(.response(response)))
    }

    /// Sends a response to a request that is not held here.
    func send(foreign response: Response) async throws(ExchangeError) {
        guard try await session.publish(response, replyTo: nil) else {
            throw await session.whyUnreachable(response.destination)
        }
    }

    /// Publishes the answer to a held request, and acknowledges the request.
    func finish(
        _ response: Response,
        _ publish: (Session) async throws(ExchangeError) -> Bool
    ) async throws(ExchangeError) {
        let isDelivered: Bool
        do {
            isDelivered = try await publish(session)
        } catch {
            fail(response)
            throw error
        }
        finish(CollectionOfOne(response))
        guard isDelivered else { throw await session.whyUnreachable(response.destination) }
    }

    /// Keeps a held request whose answer could not be sent.
    func fail(_ response: Response) {
        held.withLock { $0.fail(response) }
        checkSettled()
    }

    /// Gives a request back to the mailbox after a moment, unless it was answered meanwhile.
    func giveBack(_ request: Request) {
        session.background.start { [self] in
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))
                switch held.withLock({ $0.release(request) }) {
                case .busy: continue
                case .unknown: return
                case .released(let delivery):
                    delivery?.reject(requeue: true)
                    handOutNext()
                    checkSettled()
                    return
                }
            }
        }
    }

    /// Acknowledges the requests of confirmed responses, and hands out others.
    func finish(_ responses: some Collection<Response>) {
        // Acknowledged under the lock: a task that sees everything settled may close the channel, after which an
        // acknowledgement has no effect.
        let (wake, next, isSettled) = held.withLock { held in
            var wake: WakeDescriptor?
            for response in responses {
                guard let delivery = held.finish(response) else { continue }
                // Only the first acknowledgement can find the thread asleep.
                wake = delivery.channel.placeAcknowledgement(of: delivery.deliveryTag) ?? wake
                held.settled()
            }
            return (wake, held.next(), held.isSettled)
        }
        wake?.signal()
        if let next {
            inbox.put(.request(next))
            handOutNext()
        }
        if isSettled { checkSettled() }
    }

    /// Sends a part of a streamed result. The request stays held.
    private func send(part: Response) async throws(ExchangeError) {
        if isTerminated { throw ExchangeError(.mailboxTerminated, "the mailbox was terminated", entity: mailboxID) }
        guard let replyTo = held.withLock({ $0.replyTo(of: part) }) else {
            throw ExchangeError(.invalidMessage, "the request is not held here, or was answered", entity: mailboxID)
        }
        guard try await session.publish(part, replyTo: replyTo?.queue) else {
            throw await session.whyUnreachable(part.destination)
        }
    }
}

extension ExchangeError {
    /// Whether an exchange or a queue is missing for another reason than a node that is down.
    fileprivate var isAboutAnObject: Bool { (underlying as? AMQPError)?.code == .notFound }
}
