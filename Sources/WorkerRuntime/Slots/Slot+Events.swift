internal import AgentExchange
internal import Foundation
internal import Logging

extension Slot {
    /// Takes an event, in the order of its arrival.
    func take(_ delivery: EventDelivery) {
        // It is held, and dropped with the mailbox or given back.
        if isLeaving.isSet { return }
        type.shared?.served(number)
        if isExpired(delivery) { return settle(delivery) }
        if let relay = type.relay { return self.relay(delivery, to: relay) }
        let event = delivery.event
        let address = AgentAddress(type.name, key: event.topic.source)
        if event.sender == address { return settle(delivery) }
        let pieces = [work.begin(), workers.activity.begin()]
        var visits: [AgentTable.Visit] = []
        do throws(ExchangeError) {
            for _ in 0..<(type.options.oncePerEvent ? 1 : delivery.subscriptions.count) {
                visits.append(try agents.visit(event.topic.source, takesTurn: true))
            }
        } catch {
            if error.code == .mailboxTerminated { return }
            let failure = error
            return run(event, pieces) { [self] in await end(delivery, address, .failed(failure)) }
        }
        let places = visits
        serveEarly()
        run(event, pieces) { [self] in
            let outcome = await workers.tracer.handle(delivery, registration.agentID, transport.exchangeKind) {
                await handle(delivery, address, places)
            } failure: {
                $0.error
            }
            // A handler that was cancelled by a stop has not handled it.
            if !(Task.isCancelled && isLeaving.isSet) { await end(delivery, address, outcome) }
        }
    }

    /// Runs a body for an event, in a task that counts as work.
    private func run(_ event: Event, _ pieces: [Activity.Work], _ body: @escaping @Sendable () async -> Void) {
        events.start(event.publicationID) { [self] end in
            await withoutCaller { await body() }
            withExtendedLifetime(pieces) {}
            end()
        }
    }

    /// Whether an event of a durable type has waited longer than its retention. It is counted then.
    private func isExpired(_ delivery: EventDelivery) -> Bool {
        guard type.isDurable, let published = delivery.published else { return false }
        // Foreign input: the publication may be at any time.
        let age = workers.configuration.clock.date().timeIntervalSince(published)
        guard age > type.options.retention / .seconds(1) else { return false }
        ExchangeMetrics.current.count(.eventsDropped, [.reason("expired")])
        let address = AgentAddress(type.name, key: delivery.event.topic.source)
        logger.debug("an event waited longer than its retention", metadata: metadata(delivery.event, address))
        return true
    }

    /// The outcome of an event.
    private enum Outcome: Sendable {
        case handled
        /// It is left to the next worker of the slot.
        case left
        case failed(any Error)

        var error: (any Error)? {
            if case .failed(let error) = self { error } else { nil }
        }

        /// The outcome of an event with two handlers.
        static func + (first: Outcome, second: Outcome) -> Outcome {
            switch (first, second) {
            case (.left, _), (_, .left): .left
            case (.failed, _): first
            default: second
            }
        }
    }

    /// Settles an event, or parks it, as its outcome says.
    private func end(_ delivery: EventDelivery, _ address: AgentAddress, _ outcome: Outcome) async {
        switch outcome {
        case .left: return
        case .handled: settle(delivery)
        case .failed(let error):
            if type.options.eventErrors == .park, let events = transport.eventTransport {
                if await park(delivery, address, error, events) { return }
            }
            report(error, delivery.event, address)
            settle(delivery)
        }
    }

    /// Parks an event. It is tried again until it succeeds or the worker stops: then the event is left to the next worker.
    ///
    /// - Returns: `false` when the event can't be parked.
    private func park(
        _ delivery: EventDelivery,
        _ address: AgentAddress,
        _ cause: any Error,
        _ events: any EventTransport
    ) async -> Bool {
        let failure = Self.failure(cause)
        let reason = "\(address) failed: \(failure.code.rawValue): \(failure.message)"
        var pause = Duration.milliseconds(100)
        while true {
            do throws(ExchangeError) {
                try await events.park(delivery, reason: reason)
                logger.error(
                    "an event was not handled, and was parked",
                    metadata: metadata(delivery.event, address).with(.error, "\(cause)")
                )
                return true
            } catch {
                if [.unsupported, .messageTooLarge, .invalidMessage].contains(error.code) { return false }
                if isLeaving.isSet || error.code == .closed { return true }
                logger.warning(
                    "an event could not be parked yet",
                    metadata: metadata(delivery.event, address).with(.error, error.description)
                )
            }
            do { try await Task.sleep(for: pause) } catch { return true }
            pause = min(pause * 2, .seconds(30))
        }
    }

    private func settle(_ delivery: EventDelivery) {
        transport.eventTransport?.settle(delivery)
    }

    /// Runs a body without the values of the task that published an event on this thread.
    private func withoutCaller<Output: Sendable>(_ body: () async -> Output) async -> Output {
        let path = CallPath().serving(registration.agentID, limit: transport.requestLimit)
        return await RequestDeadline.$current.withValue(nil) {
            await CallPath.$current.withValue(path) { await body() }
        }
    }

    /// Runs the handler once for each visit.
    private func handle(
        _ delivery: EventDelivery,
        _ address: AgentAddress,
        _ visits: [AgentTable.Visit]
    ) async -> Outcome {
        await withTaskGroup(of: Outcome.self) { group in
            for visit in visits {
                group.addTask { [self] in await handle(delivery, address, visit) }
            }
            return await group.reduce(.handled) { $0 + $1 }
        }
    }

    private func handle(
        _ delivery: EventDelivery,
        _ address: AgentAddress,
        _ visit: AgentTable.Visit
    ) async -> Outcome {
        let event = delivery.event
        let context = MessageContext(
            address: address,
            sender: event.sender,
            messageID: event.id,
            topic: event.topic,
            publicationID: event.publicationID,
            deadline: nil,
            attempt: delivery.attempt,
            principal: nil,
            workers: workers,
            chain: visit.turn.map { [$0.run] } ?? []
        )
        let retries = if case .retry(let times) = type.options.eventErrors { times } else { 0 }
        do {
            switch try await messages.handle(visit, event.dataType, event.payload, context, chain: [], retries: retries)
            {
            case .handled: return .handled
            case .unhandled:
                ExchangeMetrics.current.count(.eventsDropped, [.reason("unhandled")])
                logger.debug("an agent has no handler for an event", metadata: metadata(event, address))
                return .handled
            case .failed(let error): return .failed(error)
            }
        } catch let error as ExchangeError where error.code == .mailboxTerminated && isLeaving.isSet {
            // The event waited for its turn when the worker gave the type up.
            return isHandedOver.isSet ? .left : .handled
        } catch {
            return .failed(error)
        }
    }

    private func report(_ error: any Error, _ event: Event, _ address: AgentAddress) {
        ExchangeMetrics.current.count(.eventsDropped, [.reason("failed")])
        logger.error("an event was not handled", metadata: metadata(event, address).with(.error, "\(error)"))
    }

    private func metadata(_ event: Event, _ address: AgentAddress) -> LogMetadata {
        LogMetadata(keys: [
            .mailbox: transport.mailboxID.description, .kind: "event",
            .tag: event.publicationID.uuidString.lowercased(),
            .action: event.dataType, .peer: event.sender?.description ?? "",
        ]).with(.reason, "\(event.topic) for \(address)")
    }
}
