import AgentExchange
import Foundation
import Testing

@Suite("Identifiers")
struct IdentifierTests {
    private let uuid = UUID()

    @Test("Two identifiers are equal when their UUIDs are, whatever their names")
    func equality() {
        #expect(AgentID(uuid: uuid, name: "a") == AgentID(uuid: uuid, name: "b"))
        #expect(AgentID(uuid: uuid).hashValue == AgentID(uuid: uuid, name: "b").hashValue)
        #expect(UserID(uuid: uuid, name: "a") == UserID(uuid: uuid))
        #expect(AgentID(name: "a") != AgentID(name: "a"))
        #expect(UserID(name: "a") != UserID(name: "a"))
        #expect(Set([AgentID(uuid: uuid), AgentID(uuid: uuid, name: "b")]).count == 1)
    }

    @Test("An agent is not a user, also with the same UUID")
    func roles() {
        let agent = EntityID.agent(AgentID(uuid: uuid))
        let user = EntityID.user(UserID(uuid: uuid))
        #expect(agent != user)
        #expect(Set([agent, user]).count == 2)
        #expect(agent.agentID == AgentID(uuid: uuid))
        #expect(user.agentID == nil)
        #expect(EntityID(role: .user, uuid: uuid) == user)
        #expect(EntityID(role: .agent, uuid: uuid, name: "a").name == "a")
    }

    @Test("A description has the role and the name, or else the first digits of the UUID")
    func descriptions() throws {
        let uuid = try #require(UUID(uuidString: "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6"))
        #expect("\(AgentID(uuid: uuid, name: "ann"))" == "agent:ann")
        #expect("\(UserID(uuid: uuid))" == "user:f81d4fae")
        #expect("\(EntityID.agent(AgentID(uuid: uuid)))" == "agent:f81d4fae")
    }

    @Test("The JSON form has role, UUID in lower case and name, and is read back")
    func json() throws {
        let named = EntityID.agent(AgentID(uuid: uuid, name: "ann"))
        let text = uuid.uuidString.lowercased()
        #expect(try JSONFields(named) == ["role": "agent", "uuid": .string(text), "name": "ann"])
        #expect(try JSONFields(EntityID.user(UserID(uuid: uuid))) == ["role": "user", "uuid": .string(text)])
        let decoded = try JSONDecoder().decode(EntityID.self, from: JSONEncoder().encode(named))
        #expect(decoded == named)
        #expect(decoded.name == "ann")
    }

    @Test("Unknown fields, unknown roles and bad UUIDs are refused")
    func refusals() throws {
        let good: JSONFields = ["role": "agent", "uuid": .string(uuid.uuidString)]
        #expect(try good.decode(EntityID.self).uuid == uuid)
        #expect(throws: DecodingError.self) { try good.setting("colour", "red").decode(EntityID.self) }
        #expect(throws: DecodingError.self) { try good.setting("role", "broker").decode(EntityID.self) }
        #expect(throws: DecodingError.self) { try good.setting("uuid", "f81d4fae").decode(EntityID.self) }
        #expect(throws: DecodingError.self) { try good.setting("name", 5).decode(EntityID.self) }
        #expect(throws: DecodingError.self) { try good.removing("uuid").decode(EntityID.self) }
    }
}
