import AgentExchange
import ExchangeTestKit
import Foundation
import Logging
import RabbitMQExchange
import Testing

extension BrokerTests {
    @Suite("Termination under load")
    struct TerminationUnderLoadTests {
        /// A hundred with `make test-long`.
        static let rounds = LongForm.isWanted ? 100 : 10

        @Test(
            "64 publishers get one answer to each accepted request, whoever terminates, with and without an owner",
            .timeLimit(.minutes(15)),
            arguments: kinds
        )
        func oneAnswer(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            let publishers = try await Publishers(in: scene)
            let others = [try await scene.user("owner"), try await scene.user("another")]
            let start = ContinuousClock.now
            var total = Publishers.Tally()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await publishers.receive() }
                for round in 0..<Self.rounds {
                    // The owner's own session, a third one, a publisher's.
                    let terminators = others.map(\.transport) + [publishers.someone]
                    let tally = try await run(
                        round,
                        publishers: publishers,
                        terminator: terminators[round % 3],
                        in: scene
                    )
                    #expect(tally.isRight, "round \(round): \(tally)")
                    total.accepted += tally.accepted
                    total.refused += tally.refused
                }
                await publishers.close()
                try await group.waitForAll()
            }
            print("\(Self.rounds) terminations (\(kind)): \(total) in \(start.duration(to: .now))")
            #expect(publishers.complaints == [])
            #expect(total.refused == Publishers.count * Self.rounds)
            let faults = scene.log.entries.filter { $0.level >= .error }
            #expect(faults.map { "\($0.message) \($0.metadata)" } == [])
            try await scene.expectLoad(.empty, of: "unanswered")
            try await scene.expectLoad(.empty, of: "parked")
            let mailboxes = try await scene.management.queues().filter { $0.name.hasPrefix(scene.name("agent.")) }
            #expect(mailboxes.isEmpty)
            for other in others { await other.close() }
        }

        /// One mailbox that is terminated while all publish to it.
        private func run(
            _ round: Int,
            publishers: Publishers,
            terminator: any ExchangeTransport,
            in scene: Scene
        ) async throws -> Publishers.Tally {
            let registration = try await terminator.registerAgent(AgentType("Clerk"))
            let mailbox = EntityID.agent(registration.agentID)
            // Every other mailbox has an owner that answers; the requests to the rest only pile up.
            let owner = round.isMultiple(of: 2) ? try await scene.serve(registration, "owner") : nil
            let (signal, busy) = AsyncStream.makeStream(of: Void.self)
            let enough = Int.random(in: 1...600)
            let publishing = Task { await publishers.publish(to: mailbox, enough: enough) { busy.finish() } }
            for await _ in signal {}
            let ending = await outcome { try await terminator.terminate(mailbox) }
            #expect(ending.error == nil)
            #expect(ending.duration < .seconds(20))
            await publishing.value
            #expect(try await terminator.status(of: mailbox) == .terminated)
            // A wrong tally is given up after half a minute, and reported by the caller.
            try? await eventually("one answer to each request", timeout: .seconds(30)) { publishers.tally.isRight }
            if let owner {
                #expect(await owner.waitUntilStopped().code == .mailboxTerminated)
                await owner.close()
            }
            return publishers.tally
        }
    }
}
