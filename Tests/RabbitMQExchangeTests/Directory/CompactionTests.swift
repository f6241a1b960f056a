import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import Synchronization
import Testing

@testable import RabbitMQExchange

extension BrokerTests {
    @Suite("The compaction of the directory")
    struct CompactionTests {
        private let type = AgentType("Clerk")

        /// Nothing is compacted by itself.
        private func scene() async throws -> Scene {
            try await Scene(.single) { $0.compactionThreshold = 1_000_000 }
        }

        @Test("The living stay, in their order, the dead stay dead, and what is needless is gone")
        func compacts() async throws {
            let scene = try await scene()
            let user = try await eventually("a session that compacts") { try await scene.hasty.user("one") }
            let watcher = try await scene.user("two")
            let registering = try await scene.user("three")
            var alive: [AgentID] = []
            var dead: [AgentID] = []
            for number in 0..<30 {
                let agent = try await registering.registerAgent(type, name: "n\(number)").agentID
                if number.isMultiple(of: 3) { alive.append(agent) } else { dead.append(agent) }
            }
            for agent in dead { try await registering.terminate(.agent(agent)) }
            try await scene.writeFences(3000)
            let changes = try await watcher.transport.changes(typeNamed: "Clerk", allowSubtypes: true)
            #expect(try await watcher.discover(type) == alive)
            try await user.compact()

            let records = try await scene.records()
            #expect(records.count < 200, "\(records.count) records")
            let registered = records.filter { $0.type == "registered" }.compactMap {
                $0.headers["warren-entity-name"]?.stringValue
            }
            // A program that knows the stream only, and not its copy.
            let firsts = registered.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
            #expect(firsts == (0..<10).map { "n\($0 * 3)" })
            #expect(try await scene.management.queue(scene.name("directory.copy")) == nil)
            let newcomer = try await scene.user("newcomer")
            for client in [user, watcher, newcomer] {
                let found = try await patiently { try await client.discover(type) }
                #expect(found == alive)
                for agent in dead {
                    let status = try await patiently { try await client.status(of: agent) }
                    #expect(status == .terminated)
                }
            }
            let late = try await newcomer.registerAgent(type).agentID
            #expect(try await watcher.discover(type) == alive + [late])
            // Those who watch hear nothing of it.
            var seen: [AgentChange] = []
            for try await change in changes {
                seen.append(change)
                if seen.count == 2 { break }
            }
            guard case .snapshot(let first)? = seen.first, case .registered(let last)? = seen.last else {
                Issue.record("\(seen)")
                return
            }
            #expect(first.map(\.agentID) == alive && last.agentID == late)
            #expect(scene.log.entries.filter { $0.message.contains("lost registrations") }.isEmpty)
            for client in [user, watcher, registering, newcomer] { await client.close() }
        }

        @Test(
            "A copy that was made before an agent ended, and comes after that was forgotten, brings it back for nobody"
        )
        func lateCopy() async throws {
            var scene = try await scene()
            scene.configuration.tombstoneLimit = 0
            let registering = try await scene.user("registering")
            let alive = try await registering.registerAgent(type).agentID
            let user = try await eventually("a session that compacts") { try await scene.hasty.user("one") }
            let ids = (0..<3).map { EntityID.agent(AgentID(name: "dead \($0)")) }
            let then = UInt64(Date.now.timeIntervalSince1970) - 3600
            let lives = ids.map { id -> [Announcement] in
                [.registered(id, lineage: type.lineage), .terminated(id, lineage: type.lineage), .finished(id)]
            }
            try await scene.write(lives, time: then)
            let found = try await patiently { try await user.discover(type) }
            #expect(found == [alive])
            let session = try #require(user.session)
            #expect(session.directory.replica.read { $0.tombstones.isEmpty })
            try await scene.write([ids.map { .registered($0, lineage: type.lineage) }], time: then, isCopy: true)
            let newcomer = try await scene.user("newcomer")
            for client in [user, newcomer] {
                let found = try await patiently { try await client.discover(type) }
                #expect(found == [alive])
            }
            try await user.compact()
            let last = try await scene.user("last")
            for client in [user, newcomer, last] {
                let found = try await patiently { try await client.discover(type) }
                #expect(found == [alive])
            }
            // Of none of them anything is left.
            let registered = try await scene.records().filter { $0.type == "registered" }
            #expect(registered.allSatisfy { $0.headers["warren-entity-name"]?.stringValue?.hasPrefix("dead") != true })
            for client in [registering, user, newcomer, last] { await client.close() }
        }

        @Test("A record is waited for no longer than a compaction waits for it")
        func grace() async throws {
            let away = try await Troupe(.single)
            var scene = away.scene.hasty
            scene.urls["hasty"] = scene.urls["user"]
            // The connection does not count as lost before.
            scene.configuration.heartbeat = .seconds(60)
            let impatient = scene
            let user = try await eventually("a session that compacts") { try await impatient.user("hasty") }
            let found = try await patiently { try await user.discover(Troupe.type) }
            #expect(found.count == 1)
            try await away.userProxy.set(.stall)
            let late = await outcome { try await user.discover(Troupe.type) }
            // A fence that is waited for until the limit of an operation, 30 s, says that nothing could be read.
            #expect(late.error?.message == "can't write to the directory", "\(String(describing: late.error))")
            try await away.userProxy.set(.pass)
            try await away.expectRecovered()
            await user.close()
            await away.close()
        }

        @Test("By itself, when there is much that is needless; questions write nothing that stays")
        func byItself() async throws {
            let scene = try await scene()
            let registering = try await scene.user("registering")
            let agent = try await registering.registerAgent(type).agentID
            await registering.close()
            var busy = scene.hasty
            busy.configuration.compactionThreshold = 500
            let compacting = busy
            var users: [UserExchangeClient] = []
            for session in ["one", "two"] {
                users.append(try await eventually("a session") { try await compacting.user(session) })
            }
            let asking = users[1]
            for _ in 0..<1500 {
                let found = try await patiently { try await asking.discover(type) }
                #expect(found == [agent])
            }
            try await eventually("a stream of few records", timeout: .seconds(60)) {
                let copy = try await scene.management.queue(scene.name("directory.copy"))
                let count = try await scene.records().count
                return copy == nil && count < 600
            }
            let found = try await patiently { try await asking.discover(type) }
            #expect(found == [agent])
            for user in users { await user.close() }
        }

        /// RabbitMQ 4 leaves a queue so when it is made again while it is being deleted.
        @Test(
            "A stream whose binding is listed and leads nowhere is bound anew: nothing waits for it forever",
            arguments: [nil, CompactionStep.copyMade, .mainMade, .mainFilled].map { $0?.rawValue }
        )
        func boundInVain(_ step: String?) async throws {
            let scene = try await scene()
            let registering = try await scene.user("registering")
            var alive: [AgentID] = []
            for _ in 0..<5 { alive.append(try await registering.registerAgent(type).agentID) }
            let user = try await eventually("a session that compacts") { try await scene.hasty.user("one") }
            #expect(try await patiently { try await user.discover(type) } == alive)
            if let step {
                let died = await outcome { try await user.compact(dyingAfter: CompactionStep(rawValue: step)) }
                #expect(died.error?.code == .cancelled)
            }
            try await scene.endRoute(to: step == "copyMade" ? "directory.copy" : "directory")
            let newcomer = try await scene.user("newcomer")
            for client in [registering, newcomer] { #expect(try await Set(client.discover(type)) == Set(alive)) }
            alive.append(try await newcomer.registerAgent(type).agentID)
            #expect(try await Set(registering.discover(type)) == Set(alive))
            let session = try #require(user.session)
            try await eventually("a compaction", timeout: .seconds(60)) {
                try await Compactor(session: session).compact()
            }
            let last = try await scene.user("last")
            for client in [registering, newcomer, last] {
                #expect(try await Set(client.discover(type)) == Set(alive))
            }
            for client in [registering, user, newcomer, last] { await client.close() }
        }

        @Test(
            "A session that dies after any step harms nothing: another one finishes",
            arguments: CompactionStep.allCases.map(\.rawValue)
        )
        func dies(_ step: String) async throws {
            let scene = try await scene()
            let registering = try await scene.user("registering")
            var alive: [AgentID] = []
            for _ in 0..<5 { alive.append(try await registering.registerAgent(type).agentID) }
            let dead = try await registering.registerAgent(type).agentID
            try await registering.terminate(.agent(dead))
            await registering.close()
            try await scene.writeFences(500)
            let user = try await eventually("a session that compacts") { try await scene.hasty.user("one") }
            let busy = try await eventually("a session that registers") { try await scene.hasty.user("busy") }
            let end = Monitor(false)
            let unconfirmed = Monitor(0)
            let type = type
            // Somebody registers agents all the time, and each is found at once by another session.
            async let registered: [AgentID] = {
                var registered: [AgentID] = []
                while !end.value {
                    let agent: AgentID
                    do throws(ExchangeError) {
                        agent = try await busy.registerAgent(type).agentID
                    } catch {
                        guard error.code == .deadlineExceeded else { throw error }
                        // It may be in the directory, and is then terminated.
                        unconfirmed.update { $0 += 1 }
                        continue
                    }
                    registered.append(agent)
                    let found = try await patiently { try await user.discover(type) }
                    #expect(found.contains(agent))
                }
                return registered
            }()
            let outcome = await outcome { try await user.compact(dyingAfter: CompactionStep(rawValue: step)) }
            #expect(outcome.error?.code == .cancelled)
            let between = try await scene.user("between")
            #expect(try await Set(between.discover(type)).isSuperset(of: alive))
            #expect(try await between.status(of: dead) == .terminated)
            let session = try #require(busy.session)
            // Others may be about to.
            try await eventually("the compaction to be finished", timeout: .seconds(60)) {
                try await Compactor(session: session).compact()
            }
            end.update { $0 = true }
            alive += try await registered
            let newcomer = try await scene.user("newcomer")
            for client in [user, busy, between, newcomer] {
                let found = Set(try await patiently { try await client.discover(type) })
                #expect(found.isSuperset(of: alive))
                #expect(found.subtracting(alive).count <= unconfirmed.value)
                let status = try await patiently { try await client.status(of: dead) }
                #expect(status == .terminated)
            }
            #expect(try await scene.management.queue(scene.name("directory.copy")) == nil)
            for client in [user, busy, between, newcomer] { await client.close() }
        }

        @Test("Sessions whose connection is lost meanwhile know all afterwards, and have forgotten who is forgotten")
        func meanwhile() async throws {
            let away = try await Troupe(.single) { $0.compactionThreshold = 1_000_000 }
            let other = try await away.scene.user("other")
            let compacting = try await eventually("a session that compacts") {
                try await away.scene.hasty.user("compacting")
            }
            let gone = try await other.registerAgent(type).agentID
            #expect(try await away.user.discover(type).contains(gone))
            for proxy in [away.userProxy, away.agentProxy] {
                try await proxy.set(.refuse)
                try await proxy.resetConnections()
            }
            try await other.terminate(.agent(gone))
            let new = try await other.registerAgent(type).agentID
            try await compacting.compact()
            // As long as before, so that the place where they were is there.
            try await away.scene.writeFences(200)
            for proxy in [away.userProxy, away.agentProxy] { try await proxy.set(.pass) }
            try await away.expectRecovered()
            try await eventually("the new one and not the old one", timeout: .seconds(20)) {
                let all = try await away.user.discover(type)
                return all.contains(new) && !all.contains(gone)
            }
            for client in [other, compacting] { await client.close() }
            await away.close()
        }

        @Test("An agent service has the permissions for it, a user has not")
        func roles() async throws {
            let scene = try await scene()
            let person = try await RoleUser(.operator, in: scene)
            let operating = try await person.exchange().makeUserClient()
            let owner = try await RoleUser(.agentService, in: scene)
            let service = try await owner.exchange().makeUserClient()
            let agent = try await service.registerAgent(type).agentID
            await operating.close()
            let caller = try await RoleUser(.user, in: scene)
            let user = try await caller.exchange().makeUserClient()
            #expect(await outcome { try await user.compact() }.error?.code == .forbidden)
            #expect(try await user.discover(type) == [agent])
            try await scene.writeFences(300)
            let compacting = try await owner.hasty()
            async let compacted: Void = compacting.compact()
            for _ in 0..<20 { #expect(try await user.discover(type) == [agent]) }
            try await compacted
            #expect(try await user.discover(type) == [agent])
            #expect(try await scene.records().count < 200)
            for client in [user, service, compacting] { await client.close() }
            for user in [caller, owner, person] { try await user.remove() }
        }
    }
}
