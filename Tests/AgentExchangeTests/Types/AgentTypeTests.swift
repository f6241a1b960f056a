import ExchangeTestKit
import Foundation
import Testing

@testable import AgentExchange

@Suite("Agent types")
struct AgentTypeTests {
    private struct Thermometer {}

    @Test("The lineage goes from the root to the type itself")
    func lineage() {
        let sensor = AgentType("Sensor")
        let thermometer = AgentType("Thermometer", parents: [sensor])
        #expect(AgentType.root.lineage == ["Agent"])
        #expect(AgentType.root.name == "Agent")
        #expect(AgentType.root.ancestors.isEmpty)
        #expect(thermometer.lineage == ["Agent", "Sensor", "Thermometer"])
        #expect(thermometer.ancestors == ["Sensor", "Agent"])
        #expect(thermometer.name == "Thermometer")
        #expect("\(thermometer)" == "Thermometer")
        #expect(thermometer.isSubtype(of: "Agent") && thermometer.isSubtype(of: "Thermometer"))
        #expect(!sensor.isSubtype(of: "Thermometer"))
        #expect(AgentType("Agent") == .root)
    }

    @Test("With several parents every ancestor stands once, after its own ancestors")
    func diamond() {
        let device = AgentType("Device")
        let sensor = AgentType("Sensor", parents: [device])
        let display = AgentType("Display", parents: [device])
        let panel = AgentType("Panel", parents: [sensor, display])
        #expect(panel.lineage == ["Agent", "Device", "Sensor", "Display", "Panel"])
        #expect(
            AgentType("Panel", parents: [display, sensor]).lineage == ["Agent", "Device", "Display", "Sensor", "Panel"]
        )
    }

    @Test("The lines of generated types name no type twice, and ancestors before their descendants")
    func generated() {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededGenerator(seed: seed)
        var types: [AgentType] = [.root]
        for number in 0..<100 {
            let count = Int.random(in: 1...3, using: &random)
            let parents = (0..<count).compactMap { _ in types.suffix(10).randomElement(using: &random) }
            let type = AgentType("T\(number)", parents: parents)
            types.append(type)
            #expect(Set(type.lineage).count == type.lineage.count, "seed \(seed)")
            for parent in parents {
                let places = parent.lineage.map { type.lineage.firstIndex(of: $0) ?? -1 }
                #expect(!places.contains(-1), "seed \(seed)")
            }
            for (place, name) in type.lineage.enumerated() {
                guard let ancestor = types.first(where: { $0.name == name }) else { continue }
                #expect(Set(ancestor.ancestors).isSubset(of: type.lineage[..<place]), "seed \(seed)")
            }
        }
    }

    @Test("By default the name is the qualified name of the Swift type, also of a local or generic one")
    func defaultNames() {
        struct Local {
            struct Inner {}
        }
        #expect(AgentType(AgentID.self).name == "AgentExchange.AgentID")
        #expect(AgentType(AgentTypeTests.self).name == "AgentExchangeTests.AgentTypeTests")
        #expect(AgentType(Local.self).name == "AgentExchangeTests.AgentTypeTests.Local")
        #expect(AgentType(Local.Inner.self).name == "AgentExchangeTests.AgentTypeTests.Local.Inner")
        #expect(AgentType(Thermometer.self).name == "AgentExchangeTests.AgentTypeTests.Thermometer")
        #expect(AgentType([Int].self).name == "Swift.Array<Swift.Int>")
    }

    @Test("The JSON form is the lineage, and is read back")
    func json() throws {
        let type = AgentType("Thermometer", parents: [AgentType("Sensor")])
        #expect(try JSONFields(type) == ["lineage": .list(["Agent", "Sensor", "Thermometer"])])
        #expect(try JSONFields(type).decode(AgentType.self) == type)
    }

    @Test(
        "A line that does not begin with the root, is empty, or names a type twice or without a name is refused",
        arguments: [
            [], ["Sensor"], ["Sensor", "Agent"], ["Agent", "Sensor", "Sensor"], ["Agent", "Agent"], ["Agent", ""],
        ]
    )
    func refusals(_ lineage: [String]) {
        let fields: JSONFields = ["lineage": .list(lineage.map { .string($0) })]
        #expect(throws: DecodingError.self) { try fields.decode(AgentType.self) }
    }
}
