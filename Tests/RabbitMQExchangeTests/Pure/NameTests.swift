import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import RabbitMQExchange

@Suite("Names and routing keys")
struct NameTests {
    @Test("a namespace has letters, digits, dashes and underscores only", arguments: ["", "a.b", "a b", "é", "#", "*"])
    func badNamespaces(_ namespace: String) {
        let error = #expect(throws: ExchangeError.self) { try ExchangeNames(namespace: namespace) }
        #expect(error?.code == .invalidConfiguration)
        #expect(throws: ExchangeError.self) { try ExchangeNames(namespace: String(repeating: "a", count: 65)) }
    }

    @Test("every name begins with the namespace, and a queue tells whose mailbox it is")
    func names() throws {
        let names = try ExchangeNames(namespace: "test")
        let ids = [EntityID.agent(AgentID()), .user(UserID())]
        let all =
            [
                names.mailboxes, names.agents, names.directory, names.deadLetters, names.unanswered, names.parked,
                names.broadcasts,
                names.sessionQueue(UUID()),
            ] + ids.map(names.queue) + ids.map(names.drainLock)
        #expect(all.allSatisfy { $0.hasPrefix("warren.test.") && $0.utf8.count <= 255 })
        #expect(Set(all).count == all.count)
        for id in ids { #expect(names.entity(ofQueue: names.queue(of: id)) == id) }
        for other in [names.parked, "warren.other.agent.\(UUID())", "warren.test.agent.x", "", "warren.test."] {
            #expect(names.entity(ofQueue: other) == nil)
        }
    }

    @Test("different types have different words, of which none can be a pattern or have a dot")
    func words() {
        let long = String(repeating: "long.", count: 30)
        let types = ["a.b", "a:b", "a%2Eb", "a", "A", "*", "#", "@user", "@long", "", "é", long, long + "x", "~0"]
        let words = types.map(AnnouncementKey.word)
        #expect(Set(words).count == types.count)
        for word in words {
            #expect(word.utf8.count <= AnnouncementKey.maximumWordLength)
            #expect(!word.contains(where: { ".*#@ ".contains($0) }))
        }
        #expect(AnnouncementKey.word("Weather.Thermometer") == "Weather:Thermometer")
    }

    @Test("a routing key fits 255 bytes, and the patterns of each of its types match it")
    func keys() {
        for depth in [1, 3, 8, 16, 17, 60] {
            let lineage = ["Agent"] + (1..<depth).map { "Some.Module.TypeOfAnAgentNumber\($0)" }
            let key = AnnouncementKey.make(event: "registered", lineage: lineage)
            #expect(key.utf8.count <= 255)
            for type in lineage {
                let patterns = AnnouncementKey.patterns(for: type, allowSubtypes: true)
                #expect(patterns.contains { Self.matches(key, $0) }, "\(type) at depth \(depth)")
            }
        }
        let key = AnnouncementKey.make(event: "registered", lineage: ["Agent", "Sensor"])
        #expect(key == "registered.Agent.Sensor")
        #expect(!AnnouncementKey.patterns(for: "Agent", allowSubtypes: false).contains { Self.matches(key, $0) })
        #expect(!AnnouncementKey.patterns(for: "Sens", allowSubtypes: true).contains { Self.matches(key, $0) })
    }

    /// Whether a topic exchange would match: `#` stands for any number of words.
    private static func matches(_ key: String, _ pattern: String) -> Bool {
        func match(_ words: ArraySlice<Substring>, _ pattern: ArraySlice<Substring>) -> Bool {
            guard let first = pattern.first else { return words.isEmpty }
            if first == "#" {
                return match(words, pattern.dropFirst()) || (!words.isEmpty && match(words.dropFirst(), pattern))
            }
            return words.first == first && match(words.dropFirst(), pattern.dropFirst())
        }
        return match(key.split(separator: ".")[...], pattern.split(separator: ".")[...])
    }

    @Test("a lineage comes back from its text, whatever the names hold")
    func lineageText() {
        let lines = [
            ["Agent"], ["Agent", "a,b", "100%", "%2C", "%25", "é\n"], ["Agent", String(repeating: ",%", count: 50)],
        ]
        for line in lines { #expect(LineageText.decode(LineageText.encode(line)) == line) }
        for bad in ["", "Agent,", "Agent,%", "Agent,%zz", "a,,b"] { #expect(LineageText.decode(bad) == nil) }
    }

    @Test("a record of the directory comes back from its properties, and foreign ones are none")
    func announcements() {
        let agent = EntityID.agent(AgentID(name: "north"))
        let all: [Announcement] = [
            .registered(agent, lineage: ["Agent", "Sensor"]), .terminated(agent, lineage: ["Agent", "Sensor"]),
            .registered(.user(UserID()), lineage: []), .fence(UUID()), .finished(agent),
            .gone((0..<250).map { _ in .agent(AgentID()) }), .gone([.user(UserID())]),
            .owned("ann", [agent, .user(UserID())]), .owned("ann", []),
        ]
        for announcement in all {
            let read = Announcement(announcement.properties, body: announcement.body)
            #expect(announcement.isCredible(with: announcement.routingKey(by: nil), by: nil))
            #expect(read == announcement)
            if case .registered(let id, _)? = read, case .registered(let original, _) = announcement {
                #expect(id.name == original.name)
            }
            var damaged = announcement.properties
            damaged.type = "else"
            #expect(Announcement(damaged) == nil)
            if !announcement.body.isEmpty {
                #expect(Announcement(announcement.properties, body: Data("nobody".utf8)) == nil)
            }
        }
        var damaged = all[0].properties
        damaged.headers[Header.entity] = .string("agent:nobody")
        #expect(Announcement(damaged) == nil)
        damaged = all[0].properties
        damaged.headers[Header.lineage] = .int64(1)
        #expect(Announcement(damaged) == nil)
    }
}
