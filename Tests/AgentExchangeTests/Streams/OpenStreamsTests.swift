import Foundation
import Testing

@testable import AgentExchange

@Suite("The streams and broadcasts of a client")
struct OpenStreamsTests {
    private let streams = OpenStreams()

    @Test("Responses reach their stream by tag and label; those that come late are told from foreign ones")
    func arrivals() throws {
        let (user, agent) = (EntityID.user(UserID()), EntityID.agent(AgentID()))
        let request = try Request(from: user, to: agent, label: UUID(), credit: 16, .ping)
        let buffer = PartBuffer(request: request)
        #expect(streams.put(request.response()) == nil)
        try streams.add(buffer)
        #expect(streams.put(request.part(0, .empty)) == .delivered)
        let foreign = try Request(from: user, to: agent, tag: request.tag, label: UUID(), .ping)
        #expect(streams.put(foreign.response()) == .unexpected)
        #expect(streams.remove(buffer))
        #expect(!streams.remove(buffer))
        #expect(streams.put(request.response()) == .late)
    }

    @Test("After the end nothing can be added")
    func close() throws {
        let request = try Request(from: .user(UserID()), to: .agent(AgentID()), credit: 16, .ping)
        let buffer = PartBuffer(request: request)
        try streams.add(buffer)
        #expect(streams.close(ExchangeError(.closed, "closed")) == [request])
        #expect(!streams.remove(buffer))
        let error = #expect(throws: ExchangeError.self) { try streams.add(PartBuffer(request: request)) }
        #expect(error?.code == .closed)
        #expect(throws: ExchangeError.self) { try streams.add(Gathering(label: UUID())) }
    }

    @Test("A part does not end a call that asks for no stream")
    func call() throws {
        let label = UUID()
        var ledger = RequestLedger<Int>()
        let request = try Request(from: .user(UserID()), to: .agent(AgentID()), label: label, .ping)
        let isOpen = ledger.open(request, deadline: .now + .seconds(50))
        #expect(isOpen)
        let ending = ledger.wait(request.tag, 1)
        #expect(ending == nil)
        guard case .unexpected = ledger.respond(request.part(0, .empty)) else {
            Issue.record("a part was taken for an answer")
            return
        }
        let other = try Request(from: request.source, to: .agent(AgentID()), tag: request.tag, label: label, .ping)
        guard case .unexpected = ledger.respond(other.response()) else {
            Issue.record("an answer of another agent was taken")
            return
        }
        guard case .resume(1) = ledger.respond(request.response()) else {
            Issue.record("the answer did not end the call")
            return
        }
    }
}
