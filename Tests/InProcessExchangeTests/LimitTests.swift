import AgentExchange
import Foundation
import InProcessExchange
import Testing

@Suite("Limits of an in-process exchange")
struct LimitTests {
    /// A requester and an agent, with an exchange of the given limits.
    private struct Pair {
        let requester: any ExchangeTransport
        let agent: any ExchangeTransport
        let registration: AgentRegistration
        let exchange: InProcessExchange

        init(_ configuration: InProcessExchange.Configuration) async throws {
            exchange = InProcessExchange(configuration: configuration)
            requester = try await exchange.makeUserTransport(name: nil)
            registration = try await requester.registerAgent(AgentType("Worker"))
            agent = try await exchange.makeAgentTransport(registration)
        }

        func request(_ body: Request.Body = .ping, deadline: Date? = nil) throws -> Request {
            try Request(from: requester.mailboxID, to: agent.mailboxID, deadline: deadline, body)
        }
    }

    @Test("A request beyond the mailbox's length is refused, an answer is not")
    func length() async throws {
        var limits = InProcessExchange.Configuration()
        limits.maximumMailboxLength = 2
        let pair = try await Pair(limits)
        for _ in 0..<2 { try await pair.requester.send(.request(try pair.request())) }
        let error = await #expect(throws: ExchangeError.self) {
            try await pair.requester.send(.request(try pair.request()))
        }
        #expect(error?.code == .mailboxFull)
        #expect(error?.delivery == .refused)

        // Both requests are answered, and then a third, though nobody reads the answers.
        for number in 0..<3 {
            if number == 2 { try await pair.requester.send(.request(try pair.request())) }
            let message = try await pair.agent.receive(timeout: .seconds(5))
            try await pair.agent.send(.response(try message.response()))
        }
        #expect(try await pair.requester.details(of: pair.requester.mailboxID).queuedMessages == 3)
    }

    @Test("Requests wait at the prefetch limit until one is answered; responses do not")
    func prefetch() async throws {
        var limits = InProcessExchange.Configuration()
        limits.prefetch = 1
        let pair = try await Pair(limits)
        let first = try pair.request()
        let second = try pair.request()
        try await pair.requester.send(.request(first))
        try await pair.requester.send(.request(second))
        #expect(try await pair.agent.receive(timeout: .seconds(5)).tag == first.tag)
        let error = await #expect(throws: ExchangeError.self) { try await pair.agent.receive(timeout: .zero) }
        #expect(error?.code == .deadlineExceeded)

        let own = try Request(from: pair.agent.mailboxID, to: pair.requester.mailboxID, .ping)
        try await pair.agent.send(.request(own))
        let message = try await pair.requester.receive(timeout: .seconds(5))
        try await pair.requester.send(.response(try message.response()))
        #expect(try await pair.agent.receive(timeout: .seconds(5)).tag == own.tag)

        async let next = pair.agent.receive(timeout: .seconds(5))
        try await pair.agent.send(.response(first.response()))
        #expect(try await next.tag == second.tag)
    }

    @Test("A request that nobody reads is answered when its deadline has passed")
    func deadline() async throws {
        let pair = try await Pair(InProcessExchange.Configuration())
        let request = try pair.request(deadline: Date(timeIntervalSinceNow: 0.05))
        try await pair.requester.send(.request(request))
        let answer = try await pair.requester.receive(timeout: .seconds(10))
        guard case .response(let response) = answer, case .failure(let failure) = response.outcome else {
            throw Unexpected(message: answer)
        }
        #expect(response.tag == request.tag)
        #expect(failure.code == .deadlineExceeded)
        #expect(try await pair.requester.details(of: pair.agent.mailboxID).queuedMessages == 0)
    }

    @Test("A transport that was dropped without closing gives back what it held")
    func droppedTransport() async throws {
        let exchange = InProcessExchange()
        let requester = try await exchange.makeUserTransport(name: nil)
        let registration = try await requester.registerAgent(AgentType("Worker"))
        let request = try Request(from: requester.mailboxID, to: .agent(registration.agentID), .ping)
        try await requester.send(.request(request))
        #expect(try await takeOne(of: registration, exchange) == 1)
        #expect(try await takeOne(of: registration, exchange) == 2)
    }

    private func takeOne(of registration: AgentRegistration, _ exchange: InProcessExchange) async throws -> Int? {
        let transport = try await exchange.makeAgentTransport(registration)
        guard case .request(let request) = try await transport.receive(timeout: .seconds(5)) else { return nil }
        return request.attempt
    }

    private struct Unexpected: Error {
        let message: Message
    }

    @Test("A broadcast reaches those whose mailbox has room; the others are answered for")
    func broadcast() async throws {
        var limits = InProcessExchange.Configuration()
        limits.maximumMailboxLength = 1
        let pair = try await Pair(limits)
        let free = try await pair.requester.registerAgent(AgentType("Worker"))
        try await pair.requester.send(.request(try pair.request()))
        let broadcast = Broadcast(from: pair.requester.mailboxID, toAgentsOf: "Worker", .ping)
        let asked = try await pair.requester.broadcast(broadcast)
        #expect(asked == [pair.registration.agentID, free.agentID])
        let answer = try await pair.requester.receive(timeout: .seconds(5))
        let request = try broadcast.request(to: pair.registration.agentID)
        #expect(answer == .response(request.error(.mailboxFull, "the mailbox is full")))
        #expect(try await pair.requester.details(of: .agent(free.agentID)).queuedMessages == 1)
    }

    @Test("Those on standby count as attached")
    func standby() async throws {
        let pair = try await Pair(InProcessExchange.Configuration())
        let standby = try await pair.exchange.makeAgentTransport(pair.registration, mode: .standby)
        let id = pair.agent.mailboxID
        #expect(try await pair.requester.details(of: id).attachedConsumers == 2)
        await pair.agent.close()
        #expect(try await pair.requester.details(of: id).attachedConsumers == 1)
        await standby.close()
        #expect(try await pair.requester.details(of: id).attachedConsumers == 0)
    }
}
