import AgentExchange
import Foundation
internal import Synchronization

/// A slot of an agent type, with the messages that it receives.
final class EventSlot: Sendable {
    /// A message as it was handed over.
    enum Arrival: Sendable {
        case event(EventDelivery)
        case message(Message)
    }

    let transport: any EventTransport
    private let arrivals = Collected<Arrival>()
    private let listener = Mutex<Task<Void, Never>?>(nil)

    init(_ transport: any EventTransport) {
        self.transport = transport
    }

    /// Everything that was handed over, in order.
    var received: [Arrival] { arrivals.elements }

    /// The events that were handed over, in order.
    var deliveries: [EventDelivery] {
        received.compactMap { if case .event(let delivery) = $0 { delivery } else { nil } }
    }

    /// Identifier and attempt of each event, and `request` and attempt of each request, in order.
    var texts: [String] {
        received.map { arrival in
            switch arrival {
            case .event(let delivery): "\(delivery.event.id)#\(delivery.attempt)"
            case .message(.request(let request)): "request#\(request.attempt)"
            case .message(let message): "\(message.kind)"
            }
        }
    }

    /// Takes events and messages from now on.
    func listen() {
        transport.takeEvents { self.arrivals.add(.event($0)) }
        let task = Task { [transport, arrivals] in
            _ = await transport.push { arrivals.add(.message($0)) }
        }
        listener.withLock { $0 = task }
    }

    /// Settles all events that were handed over.
    func settleAll() {
        for delivery in deliveries { transport.settle(delivery) }
    }

    func close() async {
        await transport.close()
        await listener.withLock { $0 }?.value
    }
}

/// An agent type with slots that take events.
struct SlottedType: Sendable {
    let name: String
    let registrations: [AgentRegistration]

    var slots: [AgentID] { registrations.map(\.agentID) }
}

extension CaseScope {
    /// Makes a user's transport of an exchange with topics.
    func publisher(
        elsewhere: Bool = false,
        file: StaticString = #fileID,
        line: Int = #line
    ) async throws -> any EventTransport {
        try events(try await user(elsewhere: elsewhere, file: file, line: line), file: file, line: line)
    }

    /// Opens a slot, which takes events from now on.
    func slot(
        _ registration: AgentRegistration,
        elsewhere: Bool = false,
        requestLimit: Int? = nil,
        listens: Bool = true,
        file: StaticString = #fileID,
        line: Int = #line
    ) async throws -> EventSlot {
        let transport = try await agent(
            registration,
            elsewhere: elsewhere,
            requestLimit: requestLimit,
            file: file,
            line: line
        )
        let slot = EventSlot(try events(transport, file: file, line: line))
        if listens { slot.listen() }
        return slot
    }

    private func events(
        _ transport: any ExchangeTransport,
        file: StaticString,
        line: Int
    ) throws -> any EventTransport {
        if let events = transport.eventTransport { return events }
        let location = SourceLocation(file, line)
        throw ConformanceFailure(
            expected: "a transport with topics",
            seen: "\(Swift.type(of: transport))",
            at: location
        )
    }

    /// Registers the slots of an agent type, and declares them unless that is left to the case.
    func slotted(
        _ name: String = "clerk",
        by transport: any EventTransport,
        count: Int = 1,
        declares: Bool = true,
        file: StaticString = #fileID,
        line: Int = #line
    ) async throws -> SlottedType {
        let type = AgentType(self.name(name))
        var registrations: [AgentRegistration] = []
        for number in 0..<count {
            let registration = try await register(
                by: transport,
                type,
                name: "\(name)/\(number)",
                file: file,
                line: line
            )
            registrations.append(registration)
        }
        let slotted = SlottedType(name: type.name, registrations: registrations)
        if declares { try await transport.declareSlots(slotted.slots, ofType: slotted.name) }
        return slotted
    }

    /// The name of a topic type of this case's own.
    func topic(_ name: String) -> String { self.name(name) }

    /// Makes an event.
    func event(
        _ id: String,
        to type: String,
        source: String = "s",
        bytes: Data = Data("1".utf8)
    ) throws -> Event {
        let payload = Payload(contentType: "application/json", bytes: bytes)
        return try Event(Topic(type, source: source), dataType: "Note", payload: payload, id: id)
    }

    /// Waits until a slot has so many arrivals, and returns their texts.
    @discardableResult
    func arrivals(
        _ count: Int,
        at slot: EventSlot,
        file: StaticString = #fileID,
        line: Int = #line
    ) async throws -> [String] {
        try await eventually("\(count) arrivals at a slot", file: file, line: line) { slot.received.count >= count }
        let texts = slot.texts
        try expect(texts.count == count, "\(count) arrivals", seen: "\(texts)", file: file, line: line)
        return texts
    }
}
