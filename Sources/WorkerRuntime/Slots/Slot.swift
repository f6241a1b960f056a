internal import AgentExchange
internal import Foundation
internal import Logging
internal import Synchronization

/// A slot of an agent type that this runtime owns: its mailbox, and the serving of its requests and events.
///
/// Between ``claim`` and ``serve()`` the mailbox is open, so that no other worker takes it, and its messages wait.
final class Slot: Sendable {
    let type: HostedType
    let registration: AgentRegistration
    let transport: any ExchangeTransport
    let workers: WorkerRuntime
    /// The events that are being handled, by their publication.
    private let events = TaskRegistry<UUID>()
    private let isDraining = Atomic(false)
    private let serving = Mutex<AgentExchangeClient?>(nil)

    init(
        _ type: HostedType,
        _ registration: AgentRegistration,
        _ transport: any ExchangeTransport,
        _ workers: WorkerRuntime
    ) {
        self.type = type
        self.registration = registration
        self.transport = transport
        self.workers = workers
    }

    /// The client of the slot, while it serves.
    var client: AgentExchangeClient? { serving.withLock { $0 } }

    var logger: Logger { workers.configuration.client.logger }

    /// Begins to take requests and events.
    func serve() {
        guard client == nil else { return }
        (transport as? any EventTransport)?.takeEvents { self.take($0) }
        let client = AgentExchangeClient(
            registration: registration,
            transport: transport,
            configuration: workers.configuration.client,
            startsAtOnce: nil,
            preparation: { self.prepare($0) },
            handler: { request, _ in request.error(.unhandled, "a slot serves requests in their order only") }
        )
        serving.withLock { $0 = client }
    }

    /// Stops taking messages, and waits until the running handlers have ended: they are cancelled after the grace.
    func drain(grace: Duration) async {
        isDraining.store(true, ordering: .sequentiallyConsistent)
        async let requests = client?.drain(grace: grace)
        if await !events.waitUntilIdle(timeout: grace) {
            events.cancelEach()
            let patience = workers.configuration.client.cancellationPatience
            if await !events.waitUntilIdle(timeout: patience) {
                logger.warning(
                    "handlers of events still run after they were cancelled",
                    metadata: .init(keys: [.mailbox: transport.mailboxID.description])
                )
            }
        }
        _ = await requests
    }

    /// Closes the mailbox in this process.
    func close() async {
        let client = serving.withLock { client in
            defer { client = nil }
            return client
        }
        if let client { await client.close() } else { await transport.close() }
    }

    /// Lets a message's handler run in its turn.
    ///
    /// - Parameters:
    ///   - visit: The agent, with the message's turn.
    ///   - context: The context of the handler.
    ///   - retries: How often a handler that throws is called again.
    func handle(
        _ visit: AgentTable.Visit,
        _ dataType: String,
        _ payload: Payload,
        _ context: MessageContext,
        chain: [UInt64],
        retries: Int = 0
    ) async throws -> Handled {
        try await visit.turn?.begin(chain: chain)
        let agent = try await visit.agent()
        // The agent's handlers may have added the serializer.
        let message = try workers.serializers.decode(dataType, payload)
        return await MessageContext.$current.withValue(context) {
            await Topic.$currentKey.withValue(context.address.key) {
                switch type.options.ordering {
                case .oneAtATime:
                    let handled = await Self.handle(agent, message, context, retries)
                    visit.turn?.end()
                    return handled
                case .overlapping:
                    return await beginning {
                        await Self.handle(agent, message, context, retries)
                    } begun: {
                        visit.turn?.end()
                    }
                }
            }
        }
    }

    private static func handle(
        _ agent: any HostedAgent,
        _ message: any Sendable,
        _ context: MessageContext,
        _ retries: Int
    ) async -> Handled {
        var left = retries
        while true {
            let handled = await agent.handle(message, context)
            guard case .failed = handled, left > 0, !Task.isCancelled else { return handled }
            left -= 1
        }
    }
}

// MARK: - Events

extension Slot {
    /// Takes an event, in the order of its arrival.
    private func take(_ delivery: EventDelivery) {
        // It is held, and given back when the transport is closed.
        if isDraining.load(ordering: .sequentiallyConsistent) { return }
        let event = delivery.event
        let address = AgentAddress(type.name, key: event.topic.source)
        if event.sender == address { return settle(delivery) }
        let work = workers.activity.begin()
        var visits: [AgentTable.Visit] = []
        do throws(ExchangeError) {
            for _ in 0..<(type.options.oncePerEvent ? 1 : delivery.subscriptions.count) {
                visits.append(try type.agents.visit(event.topic.source, takesTurn: true))
            }
        } catch {
            report(error, event, address)
            return settle(delivery)
        }
        let places = visits
        events.start(event.publicationID) { [self] end in
            await withoutCaller { await handle(delivery, address, places) }
            // A handler that was cancelled by a stop has not handled it.
            if !(Task.isCancelled && isDraining.load(ordering: .sequentiallyConsistent)) { settle(delivery) }
            withExtendedLifetime(work) {}
            end()
        }
    }

    private func settle(_ delivery: EventDelivery) {
        (transport as? any EventTransport)?.settle(delivery)
    }

    /// Runs a body without the values of the task that published an event on this thread.
    private func withoutCaller(_ body: () async -> Void) async {
        let path = CallPath().serving(registration.agentID, limit: transport.requestLimit)
        await RequestDeadline.$current.withValue(nil) {
            await CallPath.$current.withValue(path) { await body() }
        }
    }

    private func handle(_ delivery: EventDelivery, _ address: AgentAddress, _ visits: [AgentTable.Visit]) async {
        await withDiscardingTaskGroup { group in
            for visit in visits {
                group.addTask { [self] in await handle(delivery, address, visit) }
            }
        }
    }

    private func handle(_ delivery: EventDelivery, _ address: AgentAddress, _ visit: AgentTable.Visit) async {
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
        let retries = if case .retry(let times) = type.options.eventErrors { max(0, times) } else { 0 }
        do {
            switch try await handle(visit, event.dataType, event.payload, context, chain: [], retries: retries) {
            case .handled: break
            case .unhandled:
                logger.debug("an agent has no handler for an event", metadata: metadata(event, address))
            case .failed(let error): report(error, event, address)
            }
        } catch {
            report(error, event, address)
        }
    }

    private func report(_ error: any Error, _ event: Event, _ address: AgentAddress) {
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
