import Foundation
import Testing

@testable import AgentExchange

@Suite("A feed of changes", .timeLimit(.minutes(1)))
struct ChangeFeedTests {
    private let base = AgentType("Base")
    private var sub: AgentType { AgentType("Sub", parents: [base]) }

    private func agent() -> AgentRegistration {
        AgentRegistration(agentID: AgentID(), type: base)
    }

    @Test("It takes the agents of its type, with subtypes or without")
    func types() {
        let all = ChangeFeed(typeNamed: "Base", allowSubtypes: true)
        let exact = ChangeFeed(typeNamed: "Base", allowSubtypes: false)
        #expect(all.includes(lineage: base.lineage) && all.includes(lineage: sub.lineage))
        #expect(exact.includes(lineage: base.lineage) && !exact.includes(lineage: sub.lineage))
        #expect(!all.includes(lineage: AgentType("Other").lineage))
    }

    @Test("Changes come in order; what was put before the end is still pulled")
    func order() async throws {
        let feed = ChangeFeed(typeNamed: "Base", allowSubtypes: true)
        let (one, two) = (agent(), agent())
        async let first = feed.next()
        feed.put(.snapshot([one]))
        #expect(try await first == .snapshot([one]))
        feed.put(.registered(two))
        feed.put(.terminated(one))
        feed.end(nil)
        feed.put(.terminated(two))
        #expect(try await feed.next() == .registered(two))
        #expect(try await feed.next() == .terminated(one))
        #expect(try await feed.next() == nil)
    }

    @Test("An error is thrown after the changes before it, a cancelled task ends the feed")
    func ends() async throws {
        let broken = ChangeFeed(typeNamed: "Base", allowSubtypes: true)
        broken.put(.snapshot([]))
        broken.end(ExchangeError(.connectionLost, "lost"))
        broken.end(nil)
        #expect(try await broken.next() == .snapshot([]))
        let error = await #expect(throws: ExchangeError.self) { try await broken.next() }
        #expect(error?.code == .connectionLost)

        let left = ChangeFeed(typeNamed: "Base", allowSubtypes: true)
        let task = Task { try await left.next() }
        task.cancel()
        #expect(try await task.value == nil)
        #expect(left.isEnded)
    }

    @Test("A feed that nobody can pull from any more is ended")
    func dropped() async throws {
        let feed = ChangeFeed(typeNamed: "Base", allowSubtypes: true)
        feed.put(.snapshot([]))
        for try await _ in AgentChanges(feed) {
            #expect(!feed.isEnded)
            break
        }
        #expect(feed.isEnded)
    }

    @Test("When nobody pulls for long, those that came and went are left out, and nobody else")
    func compacts() async throws {
        let feed = ChangeFeed(typeNamed: "Base", allowSubtypes: true)
        let (before, staying) = (agent(), agent())
        feed.put(.snapshot([before]))
        feed.put(.registered(staying))
        for _ in 0..<6000 {
            let passing = agent()
            feed.put(.registered(passing))
            feed.put(.terminated(passing))
        }
        feed.put(.terminated(before))
        feed.end(nil)
        var living: Set<AgentRegistration> = []
        var count = 0
        while let change = try await feed.next() {
            count += 1
            switch change {
            case .snapshot(let agents): living = Set(agents)
            case .registered(let agent): #expect(living.insert(agent).inserted)
            case .terminated(let agent): #expect(living.remove(agent) != nil)
            }
        }
        #expect(living == [staying])
        #expect(count < ChangeFeed.limit)
    }
}
