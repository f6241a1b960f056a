import AgentExchange
import Foundation
import Testing

@testable import RabbitMQExchange

@Suite("The names of walls")
struct WallNameTests {
    @Test(
        "The hash is that of FIPS 180-4",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            (
                String(repeating: "a", count: 1_000_000),
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
            ),
        ]
    )
    func hash(_ text: String, _ digest: String) {
        let hex = SHA256.digest(of: text).map { byte in
            String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }
        #expect(hex.joined() == digest)
    }

    @Test("UUIDs behind a wall begin alike, are of version 8, and differ; those of others begin otherwise")
    func prefixes() throws {
        let wall = Wall(user: "ann")
        let uuids = (0..<1000).map { _ in wall.uuid() }
        #expect(Set(uuids).count == 1000)
        for uuid in uuids {
            #expect(Wall(of: uuid) == wall)
            #expect(uuid.uuidString.lowercased().hasPrefix(wall.prefix))
            #expect(uuid.uuid.8 >> 6 == 0b10)
        }
        #expect(wall.prefix.utf8.count == 19)
        #expect(Wall(user: "eve") != wall)
        #expect(Wall(of: UUID()) == nil)
        #expect(EntityID.agent(AgentID(uuid: wall.uuid())).wall == nil)
    }

    @Test("The UUID of an agent or a user shows the broker user it belongs to; one of version 4 does not")
    func owners() {
        let uuid = Wall(user: "ann").uuid()
        for id in [EntityID.agent(AgentID(uuid: uuid)), .user(UserID(uuid: uuid))] {
            #expect(id.isSelfCertifying)
            #expect(id.belongs(to: "ann") == true)
            #expect(id.belongs(to: "eve") == false)
            #expect(id.belongs(to: "") == false)
        }
        for id in [EntityID.agent(AgentID()), .user(UserID())] {
            #expect(!id.isSelfCertifying)
            #expect(id.belongs(to: "ann") == nil)
        }
    }

    @Test("Only keys of users and sessions behind a wall lead through the exchange of the walls")
    func exchanges() throws {
        let names = try ExchangeNames(namespace: "shop")
        let (behind, open) = (Wall(user: "ann").uuid(), UUID())
        let id = EntityID.user(UserID(uuid: behind))
        for key in [
            names.sessionQueue(behind), names.mailboxKey(of: id), names.controlKey(of: id), names.attempts(of: id),
            names.drainKey(of: id, marker: open),
        ] {
            #expect(names.exchange(of: key) == "warren.shop.replies")
            #expect(Topology.Binding(of: "q", to: key, in: names).key == key + ".#")
            #expect(names.verdict(key) == key + ".verdict")
        }
        let agent = EntityID.agent(AgentID(uuid: behind))
        for key in [
            names.sessionQueue(open), names.mailboxKey(of: .user(UserID(uuid: open))), names.mailboxKey(of: agent),
            names.controlKey(of: agent), names.drainKey(of: agent, marker: open), "", "user.", "session.\(behind)é",
        ] {
            #expect(names.exchange(of: key) == "warren.shop.mailboxes")
            #expect(names.verdict(key) == key)
        }
    }

    @Test("A record about a user behind a wall counts when its author is behind it, or may write about others")
    func records() {
        let user = EntityID.user(UserID(uuid: Wall(user: "ann").uuid()))
        for record in [Announcement.registered(user, lineage: []), .terminated(user, lineage: []), .finished(user)] {
            let own = record.routingKey(by: Wall(user: "ann"))
            let other = record.routingKey(by: Wall(user: "service"))
            #expect(own.hasSuffix(".@user") && other.hasSuffix(".@users"))
            #expect(record.isCredible(with: own, by: "ann"))
            #expect(!record.isCredible(with: own, by: "eve"))
            #expect(!record.isCredible(with: own, by: nil))
            #expect(record.isCredible(with: other, by: "service"))
        }
        let older = Announcement.terminated(.user(UserID()), lineage: [])
        #expect(older.isCredible(with: older.routingKey(by: nil), by: nil))
        let agent = Announcement.terminated(.agent(AgentID()), lineage: ["Agent"])
        #expect(!agent.isCredible(with: "terminated.@user", by: "ann"))
        #expect(!agent.isCredible(with: "terminated.@users", by: "ann"))
    }
}
