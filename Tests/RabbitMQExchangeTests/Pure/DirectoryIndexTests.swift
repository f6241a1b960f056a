import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import RabbitMQExchange

@Suite("The directory index")
struct DirectoryIndexTests {
    private let lineage = ["Agent", "Sensor", "Thermometer"]

    @Test("finds agents by type, by an ancestor, and by name")
    func finds() {
        var index = DirectoryIndex()
        let id = AgentID(name: "north")
        index.apply(.registered(.agent(id), lineage: lineage), offset: nil)
        #expect(index.agents(typeNamed: "Thermometer", allowSubtypes: false) == [id])
        #expect(index.agents(typeNamed: "Sensor", allowSubtypes: false).isEmpty)
        #expect(index.agents(typeNamed: "Sensor", allowSubtypes: true) == [id])
        #expect(index.agents(typeNamed: "Agent", allowSubtypes: true) == [id])
        #expect(index.agents(named: "north") == [id])
    }

    @Test("adds up to the same, however often and from whichever point records are read")
    func replays() {
        var random = SeededGenerator()
        for _ in 0..<500 {
            var records: [Announcement] = []
            var alive: [AgentID] = []
            for _ in 0..<Int.random(in: 1...30, using: &random) {
                if Bool.random(using: &random) || alive.isEmpty {
                    let agent = AgentID(name: Bool.random(using: &random) ? "n" : nil)
                    alive.append(agent)
                    records.append(.registered(.agent(agent), lineage: lineage))
                } else {
                    let agent = alive.remove(at: Int.random(in: 0..<alive.count, using: &random))
                    records.append(.terminated(.agent(agent), lineage: lineage))
                }
            }
            var index = DirectoryIndex()
            var changes: [AgentChange] = []
            // What this process announces is applied at once, and again when it is read back.
            for record in records where Bool.random(using: &random) {
                if let change = index.apply(record, offset: nil) { changes.append(change) }
            }
            for (offset, record) in records.enumerated() {
                if let change = index.apply(record, offset: UInt64(offset)) { changes.append(change) }
            }
            for (offset, record) in records.enumerated() where offset >= records.count / 2 {
                #expect(index.apply(record, offset: UInt64(offset)) == nil, "\(random)")
            }
            #expect(index.agents(typeNamed: "Sensor", allowSubtypes: true) == alive, "\(random)")
            #expect(index.agents(named: "n") == alive.filter { $0.name != nil }, "\(random)")
            #expect(index.count == alive.count)
            #expect(Set(changes).count == changes.count, "a change was told twice, \(random)")
        }
    }

    @Test("knows registered, terminated and unknown mailboxes apart, users too, and a termination is final")
    func states() {
        var index = DirectoryIndex()
        let user = EntityID.user(UserID())
        let twin = EntityID.agent(AgentID(uuid: user.uuid))
        #expect(index.state(of: user) == .missing)
        index.apply(.registered(user, lineage: []), offset: 0)
        #expect(index.state(of: user) == .registered(user, lineage: []))
        #expect(index.state(of: twin) == .missing)
        index.apply(.terminated(user, lineage: []), offset: 1)
        index.apply(.registered(user, lineage: []), offset: 2)
        #expect(index.state(of: user) == .terminated)
        #expect(index.agents(typeNamed: "Agent", allowSubtypes: true).isEmpty)
    }
}
