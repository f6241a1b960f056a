import Foundation
import Testing

@testable import AgentExchange

@Suite("The answers to a broadcast", .timeLimit(.minutes(1)))
struct GatheringTests {
    private let gathering = Gathering(label: UUID())
    private let user = EntityID.user(UserID())

    private func answer(of agent: AgentID) throws -> Response {
        try Request(from: user, to: .agent(agent), tag: gathering.tag, label: gathering.label, .ping).response()
    }

    @Test("Each agent counts once, before and after it is known who was asked")
    func collects() async throws {
        let agents = (0..<4).map { _ in AgentID() }
        gathering.put(try answer(of: agents[0]))
        gathering.put(try answer(of: agents[0]))
        gathering.put(try answer(of: agents[3]))
        gathering.expect(Array(agents.prefix(3)))
        #expect(Set(gathering.missing) == [agents[1], agents[2]])
        #expect(await gathering.next()?.source == .agent(agents[0]))
        async let next = gathering.next()
        // Nobody asked this one.
        #expect(!gathering.put(try answer(of: agents[3])))
        #expect(gathering.put(try answer(of: agents[1])))
        #expect(await next?.source == .agent(agents[1]))
        gathering.put(try answer(of: agents[2]))
        #expect(await gathering.next() != nil)
        #expect(await gathering.next() == nil)
        #expect(gathering.missing.isEmpty)
    }

    @Test("Nobody to be asked, the end, and a cancellation wake whoever waits")
    func ends() async throws {
        async let nobody = gathering.next()
        gathering.expect([])
        #expect(await nobody == nil)

        let ended = Gathering(label: UUID())
        async let waiting = ended.next()
        ended.end()
        #expect(await waiting == nil)

        let cancelled = Gathering(label: UUID())
        let task = Task { await cancelled.next() }
        task.cancel()
        #expect(await task.value == nil)
    }

    @Test("A part is no answer")
    func parts() async throws {
        let agent = AgentID()
        let request = try Request(from: user, to: .agent(agent), tag: gathering.tag, credit: 1, .ping)
        gathering.put(request.part(0, .empty))
        gathering.expect([agent])
        #expect(gathering.missing == [agent])
    }
}
