import AgentExchange
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
}
