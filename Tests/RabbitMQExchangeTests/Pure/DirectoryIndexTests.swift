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
        index.apply(.registered(.agent(id), lineage: lineage), isRead: false)
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
                changes += index.apply(record, isRead: false)
            }
            for record in records { changes += index.apply(record) }
            for record in records[(records.count / 2)...] { #expect(index.apply(record).isEmpty, "\(random)") }
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
        index.apply(.registered(user, lineage: []))
        #expect(index.state(of: user) == .registered(user, lineage: []))
        #expect(index.state(of: twin) == .missing)
        index.apply(.terminated(user, lineage: []))
        index.apply(.registered(user, lineage: []))
        #expect(index.state(of: user) == .terminated)
        #expect(index.agents(typeNamed: "Agent", allowSubtypes: true).isEmpty)
    }

    @Test("keeps nothing of the dead beyond its bounds: names, types, owners, tombstones; of the living everything")
    func bounds() {
        var index = DirectoryIndex(bounds: DirectoryIndex.Bounds(count: 100, age: 3600))
        let alive = (0..<10).map { EntityID.agent(AgentID(name: "alive \($0)")) }
        for id in alive { index.apply(.registered(id, lineage: lineage), time: 1, user: "ann") }
        let unfinished = EntityID.agent(AgentID())
        index.apply(.registered(unfinished, lineage: lineage), time: 1)
        index.apply(.terminated(unfinished, lineage: lineage), time: 1)
        var last: [EntityID] = []
        for number in 0..<20_000 {
            let id = EntityID.agent(AgentID(name: "n\(number)"))
            let time = UInt64(number / 10)
            index.apply(.registered(id, lineage: ["Agent", "T\(number)"]), time: time, user: "bob")
            index.apply(.terminated(id, lineage: ["Agent", "T\(number)"]), time: time)
            index.apply(.finished(id), time: time)
            last = last.suffix(99) + [id]
        }
        // Those of the last two minutes, 10 a second, stay in any case.
        #expect(index.finishedCount == 1210)
        #expect(index.tombstones.count == 1211)
        #expect(last.allSatisfy { index.state(of: $0) == .terminated && index.owner(of: $0) == "bob" })
        #expect(index.agents(named: "n19999").isEmpty)
        // Nobody is terminated for an hour.
        index.apply(.fence(UUID()), time: 2000 + 3601)
        #expect(index.finishedCount == 0)
        #expect(last.allSatisfy { index.state(of: $0) == .missing && index.owner(of: $0) == nil })
        #expect(index.state(of: unfinished) == .terminated, "its queue may still be there")
        #expect(alive.allSatisfy { index.owner(of: $0) == "ann" } && index.count == 10)
    }

    @Test("forgets the dead, and copies of their registrations bring none of them back, however late they come")
    func lateCopies() {
        var random = SeededGenerator()
        let bounds = DirectoryIndex.Bounds(count: 0, age: 86_400)
        for _ in 0..<500 {
            var stream: [(record: Announcement, isCopy: Bool)] = []
            var readers: [DirectoryIndex] = []
            var alive: [EntityID] = []
            // What a compaction that looked at any time before has still to write.
            var copies: [EntityID] = []
            func write(_ record: Announcement, isCopy: Bool = false) {
                // No tombstone is too young to be forgotten.
                let time = UInt64(stream.count) * 200
                stream.append((record, isCopy))
                for reader in readers.indices { readers[reader].apply(record, time: time, isCopy: isCopy) }
            }
            func open() {
                var transcript = DirectoryIndex(bounds: bounds, isTranscript: true)
                for (number, entry) in stream.enumerated() {
                    transcript.apply(entry.record, time: UInt64(number) * 200, isCopy: entry.isCopy)
                }
                var index = DirectoryIndex(bounds: bounds)
                _ = index.merge(transcript)
                readers.append(index)
            }
            for _ in 0..<40 {
                switch Int.random(in: 0..<6, using: &random) {
                case 0, 1:
                    let id = EntityID.agent(AgentID(name: "n"))
                    alive.append(id)
                    write(.registered(id, lineage: lineage))
                case 2 where !alive.isEmpty:
                    let id = alive.remove(at: .random(in: 0..<alive.count, using: &random))
                    write(.terminated(id, lineage: lineage))
                    write(Bool.random(using: &random) ? .finished(id) : .gone([id]))
                case 3: copies = alive.shuffled(using: &random)
                case 4 where !copies.isEmpty: write(.registered(copies.removeLast(), lineage: lineage), isCopy: true)
                default: open()
                }
            }
            open()
            for reader in readers {
                #expect(Set(reader.everyone.map(\.id)) == Set(alive), "\(random)")
                #expect(reader.tombstones.count <= 1, "\(random)")
            }
        }
    }

    @Test(
        "believes the copy of a registration that it never heard of when the stream, read from its beginning, says so"
    )
    func reconsiders() {
        let bounds = DirectoryIndex.Bounds(count: 0, age: 86_400)
        let (dead, alive) = (EntityID.agent(AgentID()), EntityID.agent(AgentID()))
        var index = DirectoryIndex(bounds: bounds)
        index.apply(.registered(dead, lineage: lineage), time: 0)
        index.apply(.gone([dead]), time: 0)
        index.apply(.fence(UUID()), time: 1000)
        // Another stream, in which both are copied after a fence of ours.
        var transcript = DirectoryIndex(bounds: bounds, isTranscript: true)
        for record in [.registered(dead, lineage: lineage), .gone([dead]), .registered(alive, lineage: lineage)]
            as [Announcement]
        {
            transcript.apply(record, time: 0, isCopy: true)
            index.apply(record, time: 0, isCopy: true)
        }
        #expect(index.everyone.isEmpty && index.hasDoubts)
        #expect(index.reconsider([transcript]).count == 1)
        #expect(index.everyone.map(\.id) == [alive] && !index.hasDoubts)
    }

    @Test("has it said of everyone whom it forgot and a stream takes for living")
    func ghosts() {
        let id = EntityID.agent(AgentID())
        var stream = DirectoryIndex(isTranscript: true)
        stream.apply(.registered(id, lineage: lineage), time: 1)
        let records = DirectoryIndex().records(missingIn: stream, writer: nil, owners: false)
        #expect(records.map(\.announcement) == [.gone([id])])
        for record in records { stream.apply(record.announcement, time: record.time) }
        #expect(stream.everyone.isEmpty)
        #expect(DirectoryIndex().records(missingIn: stream, writer: nil, owners: false).isEmpty)
    }

    @Test("takes the owner of a self-certifying UUID from nobody else, whoever announces it, in whatever order")
    func selfCertifying() {
        let own = EntityID.agent(AgentID(uuid: Wall(user: "ann").uuid()))
        let older = EntityID.agent(AgentID())
        var index = DirectoryIndex()
        for id in [own, older] { index.apply(.registered(id, lineage: lineage), user: "eve") }
        #expect(index.owner(of: own) == nil && index.owner(of: older) == "eve")
        index.apply(.owned("eve", [own, older]))
        #expect(index.owner(of: own) == nil && index.owner(of: older) == "eve")
        #expect(index.hasOwners(otherThan: "eve"))
        #expect(!index.hasUncertifiedOwners(otherThan: "eve") && index.hasUncertifiedOwners(otherThan: "ann"))
        index.apply(.owned("ann", [own, older]))
        #expect(index.owner(of: own) == "ann" && index.owner(of: older) == "ann")
        #expect(!index.hasOwners(otherThan: "ann"))
        // Nobody is known to have registered it: announcing it again would make its author the owner.
        index.apply(.registered(.agent(AgentID()), lineage: lineage))
        #expect(index.hasUncertifiedOwners(otherThan: "ann"))
    }

    @Test("is the same after its records were announced again in another stream, by another broker user")
    func snapshot() {
        var random = SeededGenerator()
        for _ in 0..<200 {
            var index = DirectoryIndex()
            var ids: [EntityID] = []
            for number in 0..<Int.random(in: 1...60, using: &random) {
                let time = UInt64(1_000_000 + number)
                switch Int.random(in: 0..<4, using: &random) {
                case 0 where !ids.isEmpty:
                    let id = ids[Int.random(in: 0..<ids.count, using: &random)]
                    index.apply(.terminated(id, lineage: lineage), time: time)
                    if Bool.random(using: &random) { index.apply(.finished(id), time: time) }
                default:
                    let isAgent = Bool.random(using: &random)
                    let user = Bool.random(using: &random) ? "ann" : "bob"
                    let uuid = Bool.random(using: &random) ? Wall(user: user).uuid() : UUID()
                    let id = isAgent ? EntityID.agent(AgentID(uuid: uuid, name: "n")) : .user(UserID(uuid: uuid))
                    ids.append(id)
                    index.apply(.registered(id, lineage: isAgent ? lineage : []), time: time, user: user)
                }
            }
            // A part may be there already.
            var other = DirectoryIndex()
            for entry in index.missing(in: other) where Bool.random(using: &random) {
                other.apply(.registered(entry.id, lineage: entry.lineage), time: entry.time, user: "mallory")
            }
            for _ in 0..<2 {
                for record in index.records(missingIn: other, writer: "ann", owners: true) {
                    other.apply(record.announcement, time: record.time, user: "ann")
                }
            }
            #expect(index.records(missingIn: other, writer: "ann", owners: true).isEmpty, "\(random)")
            for id in ids {
                #expect(other.state(of: id) == index.state(of: id), "\(random)")
                if case .registered = index.state(of: id) {
                    #expect(other.owner(of: id) == index.owner(of: id), "\(random)")
                }
            }
            #expect(other.neededRecords == index.neededRecords, "\(random)")
        }
    }
}
