import AgentExchange
import ExchangeTestKit
import Foundation
import InProcessExchange
import Testing

@Suite("Events on the in-process exchange")
struct EventTransportTests {
    private let payload = Payload(contentType: "application/json", bytes: Data("1".utf8))

    /// A slot of an agent type, opened with what it receives in order.
    private final class Slot: Sendable {
        let transport: any EventTransport
        let seen = Monitor<[String]>([])
        let deliveries = Monitor<[EventDelivery]>([])
        private let listener = Monitor<Task<Void, Never>?>(nil)

        init(_ exchange: InProcessExchange, _ registration: AgentRegistration, limit: Int? = nil) async throws {
            let transport = try await exchange.makeAgentTransport(registration, mode: .exclusive, requestLimit: limit)
            self.transport = try #require(transport as? any EventTransport)
        }

        func listen() {
            transport.takeEvents { delivery in
                self.seen.update { $0.append("\(delivery.event.id)#\(delivery.attempt)") }
                self.deliveries.update { $0.append(delivery) }
            }
            let task = Task { [transport, seen] in
                _ = await transport.push { message in
                    if case .request(let request) = message { seen.update { $0.append("request \(request.attempt)") } }
                }
            }
            listener.update { $0 = task }
        }

        func close() async {
            await transport.close()
            await listener.value?.value
        }
    }

    private func event(_ id: String, source: String = "s", type: String = "news") throws -> Event {
        try Event(Topic(type, source: source), dataType: "Note", payload: payload, id: id)
    }

    private func user(_ exchange: InProcessExchange) async throws -> any EventTransport {
        try #require(try await exchange.makeUserTransport(name: nil) as? any EventTransport)
    }

    @Test("Events and requests reach a slot in their order, and what was not settled comes again, in order")
    func order() async throws {
        let exchange = InProcessExchange()
        let user = try await user(exchange)
        let registration = try await user.registerAgent(AgentType("Worker.clerk"), name: "clerk/0")
        try await user.declareSlots([registration.agentID], ofType: "clerk")
        try await user.subscribe(Subscription(.type("news"), agentType: "clerk"), adopting: false)
        #expect(try await user.publish(try event("1")))
        try await user.send(.request(try Request(from: user.mailboxID, to: .agent(registration.agentID), .ping)))
        #expect(try await user.publish(try event("2")))
        let first = try await Slot(exchange, registration)
        first.listen()
        #expect(try await user.publish(try event("3")))
        let seen = try await first.seen.wait(for: "four messages", timeout: .seconds(30)) { $0.count == 4 ? $0 : nil }
        #expect(seen == ["1#1", "request 1", "2#1", "3#1"])
        first.transport.settle(first.deliveries.value[1])
        await first.close()
        let second = try await Slot(exchange, registration)
        second.listen()
        let again = try await second.seen.wait(for: "three messages", timeout: .seconds(30)) {
            $0.count == 3 ? $0 : nil
        }
        #expect(again == ["1#2", "request 2", "3#2"])
        // Another receiver's deliveries are not its own.
        first.transport.settle(second.deliveries.value[0])
        await second.close()
        await user.close()
    }

    @Test("A slot is handed no more than its limit, and the next when one is settled")
    func limit() async throws {
        let exchange = InProcessExchange()
        let user = try await user(exchange)
        let registration = try await user.registerAgent(AgentType("Worker.clerk"), name: "clerk/0")
        try await user.declareSlots([registration.agentID], ofType: "clerk")
        try await user.subscribe(Subscription(.default, agentType: "clerk"), adopting: false)
        let slot = try await Slot(exchange, registration, limit: 2)
        slot.listen()
        for number in 0..<5 { try await user.publish(try event("\(number)", type: "default")) }
        try await slot.seen.wait(for: "two events", timeout: .seconds(30)) { $0.count >= 2 ? true : nil }
        #expect(try await user.details(of: .agent(registration.agentID)).queuedMessages == 3)
        #expect(slot.seen.value.count == 2)
        for number in 0..<5 {
            let delivery = try await slot.deliveries.wait(for: "event \(number)", timeout: .seconds(30)) {
                $0.count > number ? $0[number] : nil
            }
            slot.transport.settle(delivery)
            slot.transport.settle(delivery)
        }
        #expect(slot.seen.value == (0..<5).map { "\($0)#1" })
        await slot.close()
        await user.close()
    }

    @Test("A source has one slot of each type, and an event comes once with all subscriptions that match")
    func slots() async throws {
        let exchange = InProcessExchange()
        let user = try await user(exchange)
        let registrations = try await user.registerAgents(
            (0..<8).map { AgentToRegister(AgentType("W"), name: "clerk/\($0)") }
        )
        try await user.declareSlots(registrations.map(\.agentID), ofType: "clerk")
        for rule in [Subscription.Rule.type("news"), .prefix("ne"), .prefix(""), .type("other")] {
            try await user.subscribe(Subscription(rule, agentType: "clerk"), adopting: false)
        }
        try await user.subscribe(Subscription(.prefix(""), agentType: "nobody"), adopting: false)
        var slots: [Slot] = []
        for registration in registrations { slots.append(try await Slot(exchange, registration)) }
        for slot in slots { slot.listen() }
        for number in 0..<100 { #expect(try await user.publish(try event("\(number)", source: "\(number)"))) }
        try await eventually("all events") { slots.map(\.seen.value.count).reduce(0, +) == 100 }
        for (number, slot) in slots.enumerated() {
            for delivery in slot.deliveries.value {
                #expect(AgentAddress.slot(of: delivery.event.topic.source, among: 8) == number)
                #expect(delivery.subscriptions.map(\.rule) == [.type("news"), .prefix("ne"), .prefix("")])
            }
        }
        for slot in slots { await slot.close() }
        await user.close()
    }

    @Test("Requests pass the events of a receiver that takes none, and such events wait")
    func untaken() async throws {
        let exchange = InProcessExchange()
        let user = try await user(exchange)
        let registration = try await user.registerAgent(AgentType("Worker.clerk"), name: "clerk/0")
        try await user.declareSlots([registration.agentID], ofType: "clerk")
        try await user.subscribe(Subscription(.type("news"), agentType: "clerk"), adopting: false)
        try await user.publish(try event("1"))
        let plain = try await exchange.makeAgentTransport(registration)
        try await user.send(.request(try Request(from: user.mailboxID, to: .agent(registration.agentID), .ping)))
        guard case .request(let request) = try await plain.receive(timeout: .seconds(10)) else {
            Issue.record("no request came")
            return
        }
        try await plain.send(.response(request.response()))
        await plain.close()
        let slot = try await Slot(exchange, registration)
        slot.listen()
        try await slot.seen.wait(for: "the event", timeout: .seconds(30)) { $0 == ["1#1"] ? true : nil }
        await slot.close()
        await user.close()
    }

    @Test("Full, terminated and missing slots, sizes, and closed transports are told apart")
    func refusals() async throws {
        var configuration = InProcessExchange.Configuration()
        configuration.maximumMailboxLength = 2
        configuration.maximumMessageSize = 100
        let exchange = InProcessExchange(configuration: configuration)
        let user = try await user(exchange)
        let (one, two) = (
            try await user.registerAgent(AgentType("W"), name: "one/0"),
            try await user.registerAgent(AgentType("W"), name: "two/0")
        )
        await fails(.invalidConfiguration) { try await user.declareSlots([], ofType: "one") }
        await fails(.badEntityID, .refused) { try await user.declareSlots([AgentID()], ofType: "one") }
        try await user.declareSlots([one.agentID], ofType: "one")
        for type in ["one", "two"] {
            try await user.subscribe(Subscription(.type("news"), agentType: type), adopting: false)
        }
        for _ in 0..<2 { #expect(try await user.publish(try event("a"))) }
        await fails(.mailboxFull, .refused) { try await user.publish(try event("a")) }
        try await user.declareSlots([two.agentID], ofType: "two")
        await fails(.mailboxFull, .unknown) { try await user.publish(try event("a")) }
        let bytes = Payload(contentType: "application/json", bytes: Data(count: 101))
        let large = try Event(Topic("news", source: "s"), dataType: "Note", payload: bytes)
        await fails(.messageTooLarge) { try await user.publish(large) }
        try await user.terminate(.agent(one.agentID))
        try await user.terminate(.agent(two.agentID))
        #expect(try await !user.publish(try self.event("a")))
        // Somebody who has other slots in mind removes nothing.
        try await user.removeType("one", slots: [two.agentID])
        #expect(try await user.subscriptions().count == 2)
        try await user.removeType("one", slots: [one.agentID])
        #expect(try await user.subscriptions().map(\.agentType) == ["two"])
        await user.close()
        await fails(.closed) { try await user.publish(try self.event("a")) }
        await fails(.closed) { _ = try await user.subscriptions() }
    }

    /// Checks the code and the outcome of an error.
    private func fails(
        _ code: ExchangeError.Code,
        _ delivery: DeliveryOutcome = .notSent,
        location: Testing.SourceLocation = #_sourceLocation,
        _ body: () async throws -> Void
    ) async {
        let error = await #expect(throws: ExchangeError.self, sourceLocation: location) { try await body() }
        #expect(error?.code == code, sourceLocation: location)
        #expect(error?.delivery == delivery, sourceLocation: location)
    }
}
