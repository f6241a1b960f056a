internal import AgentExchange
internal import Foundation
internal import Logging

extension Slot {
    /// Takes an event, in the order of its arrival.
    func take(_ delivery: EventDelivery) {
        // It is held, and dropped with the mailbox or given back.
        if isLeaving.isSet { return }
        type.shared?.served(number)
        if settlement.isExpired(delivery) { return settlement.settle(delivery) }
        if let relay = type.relay { return self.relay(delivery, to: relay) }
        let event = delivery.event
        let address = AgentAddress(type.name, key: event.topic.source)
        if event.sender == address { return settlement.settle(delivery) }
        let pieces = [work.begin(), workers.activity.begin()]
        var visits: [AgentTable.Visit] = []
        do throws(ExchangeError) {
            for _ in 0..<(type.options.oncePerEvent ? 1 : delivery.subscriptions.count) {
                visits.append(try agents.visit(event.topic.source, takesTurn: true))
            }
        } catch {
            if error.code == .mailboxTerminated { return }
            let failure = error
            return run(event, pieces) { [self] in await settlement.end(delivery, address, .failed(failure)) }
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
            if !(Task.isCancelled && isLeaving.isSet) { await settlement.end(delivery, address, outcome) }
        }
    }

    private var settlement: EventSettlement {
        EventSettlement(
            type: type,
            transport: transport,
            clock: workers.configuration.clock,
            logger: logger,
            isLeaving: isLeaving
        )
    }

    /// Runs a body for an event, in a task that counts as work.
    private func run(_ event: Event, _ pieces: [Activity.Work], _ body: @escaping @Sendable () async -> Void) {
        events.start(event.publicationID) { [self] in
            await withoutCaller { await body() }
            withExtendedLifetime(pieces) {}
            events.end(event.publicationID)
        }
    }

    /// Runs a body without the values of the task that published an event on this thread.
    private func withoutCaller<Output: Sendable>(_ body: () async -> Output) async -> Output {
        let path = CallPath().serving(registration.agentID, limit: transport.requestLimit)
        return await RequestScope.$current.withValue(RequestScope(path: path)) { await body() }
    }

    /// Runs the handler once for each visit.
    private func handle(
        _ delivery: EventDelivery,
        _ address: AgentAddress,
        _ visits: [AgentTable.Visit]
    ) async -> EventOutcome {
        await withTaskGroup(of: EventOutcome.self) { group in
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
    ) async -> EventOutcome {
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
                logger.debug("an agent has no handler for an event", metadata: settlement.metadata(event, address))
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
}
