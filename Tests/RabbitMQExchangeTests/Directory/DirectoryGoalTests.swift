import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import Synchronization
import Testing

@testable import RabbitMQExchange

extension BrokerTests {
    /// A short form of what counts: the figures of a million agents follow from records that a compaction leaves, since
    /// nothing but these is read, kept or stored. `WARREN_FULL=1` writes a hundred times as many.
    @Suite("The size of the directory")
    struct DirectoryGoalTests {

        @Test("After many agents came and went, opening costs what the living cost; so do memory and the broker's disk")
        func goals() async throws {
            let (dead, living) = LongForm.isWanted ? (100_000, 1000) : (3000, 100)
            let scene = try await Scene(.single) {
                $0.compactionThreshold = 1000
                $0.compactionGrace = .seconds(2)
                $0.tombstoneLimit = 500
            }
            let user = try await scene.user("one")
            // Long ago, so that no tombstone is too young to be forgotten.
            let then = UInt64(Date.now.timeIntervalSince1970) - 3600
            let lineage = ["Agent", "Bank.Account", "Bank.SavingsAccount"]
            let records = (0..<dead + living).map { number -> [Announcement] in
                let id = EntityID.agent(AgentID(name: "account-\(number)"))
                let registered = Announcement.registered(id, lineage: lineage)
                return number < living ? [registered] : [registered, .terminated(id, lineage: lineage), .finished(id)]
            }
            try await scene.write(records, time: then)
            let before = try disk(of: scene)
            try await eventually("the directory to be compacted", timeout: .seconds(LongForm.isWanted ? 600 : 120)) {
                _ = try await user.discover(AgentType("Bank.Account"))
                let replica = try #require(user.session).directory.replica
                return replica.length < 1000 + 2 * UInt64(living) && !replica.hasCopy
            }
            let after = try disk(of: scene)

            let newcomer = try await scene.user("newcomer")
            let start = ContinuousClock.now
            let found = try await newcomer.discover(AgentType("Bank.Account"))
            let opening = start.duration(to: .now)
            #expect(found.count == living)
            #expect(opening < .seconds(1))
            let index = try #require(newcomer.session).directory.replica.read(\.self)
            #expect(index.tombstones.count <= 510)
            #expect(index.entries.count < living + 10)
            #expect(after < 1 << 20, "\(after) bytes")
            print("\(dead) dead, \(living) alive: \(before) bytes, compacted \(after); opened in \(opening)")
            for client in [user, newcomer] { await client.close() }
        }

        /// What the streams of the directory take on the disk of the broker.
        private func disk(of scene: Scene) throws -> Int {
            let root = URL(fileURLWithPath: scene.broker.directory)
            let keys: [URLResourceKey] = [.fileSizeKey, .isRegularFileKey]
            guard let files = FileManager.default.enumerator(at: root, includingPropertiesForKeys: keys) else {
                return 0
            }
            var bytes = 0
            for case let file as URL in files where file.path.contains(scene.namespace) {
                bytes += try file.resourceValues(forKeys: Set(keys)).fileSize ?? 0
            }
            return bytes
        }
    }
}
