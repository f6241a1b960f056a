internal import AgentExchange
internal import Foundation
internal import Logging

extension Slot {
    /// Takes an event, in the order of its arrival.
    func take(_ delivery: EventDelivery) {
        // It is held, and dropped with the mailbox or given back.
        if isLeaving.isSet { return }
        type.shared?.served(number)
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
            report(error, event, address)
            return settle(delivery)
        }
        let places = visits
        serveEarly()
        events.start(event.publicationID) { [self] end in
            let isHandled = await withoutCaller { await handle(delivery, address, places) }
            // A handler that was cancelled by a stop has not handled it.
            if isHandled, !(Task.isCancelled && isLeaving.isSet) { settle(delivery) }
            withExtendedLifetime(pieces) {}
            end()
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

    /// Runs the handler once for each visit. Returns `false` when the event is left to the next worker of the slot.
    private func handle(
        _ delivery: EventDelivery,
        _ address: AgentAddress,
        _ visits: [AgentTable.Visit]
    ) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            for visit in visits {
                group.addTask { [self] in await handle(delivery, address, visit) }
            }
            return await group.reduce(true) { $0 && $1 }
        }
    }

    private func handle(_ delivery: EventDelivery, _ address: AgentAddress, _ visit: AgentTable.Visit) async -> Bool {
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
            case .handled: break
            case .unhandled:
                ExchangeMetrics.current.count(.eventsDropped, [.reason("unhandled")])
                logger.debug("an agent has no handler for an event", metadata: metadata(event, address))
            case .failed(let error): report(error, event, address)
            }
        } catch let error as ExchangeError where error.code == .mailboxTerminated && isLeaving.isSet {
            // The event waited for its turn when the worker gave the type up.
            return !isHandedOver.isSet
        } catch {
            report(error, event, address)
        }
        return true
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
