#if Hybrid
    import AgentExchange
    import ExchangeTestKit
    import Foundation
    import RabbitMQExchange
    import Testing

    @testable import HybridExchange

    @Suite("Lanes without messages are closed")
    struct LaneClosingTests {
        private typealias Table = LaneTable<Int, Int>

        private let start = ContinuousClock.now
        private let user = EntityID.user(UserID())

        private func lane() -> LaneID { LaneID(from: user, to: .agent(AgentID()), .requests) }

        /// Connects a lane and sends a message on it, which the peer takes and answers.
        private func use(_ lane: LaneID, _ table: inout Table) throws -> UInt32? {
            let tag = UUID()
            let steps =
                table.connect(lane, to: 1, mayBeUnread: false, now: start)
                + table.send(tag, 7, bytes: 10, on: lane, now: start)
            guard let step = steps.first(where: { if case .write = $0.action { true } else { false } }) else {
                return nil
            }
            _ = try table.acknowledged(step.number, 1, count: 1, by: 1, now: start)
            _ = table.ended(tag, on: lane, isAnswered: true, now: start)
            return step.number
        }

        @Test("One that is idle is closed and makes room, where the peer forgets it", arguments: [false, true])
        func table(_ closesLanes: Bool) throws {
            var table = Table(limits: .init(lanes: 2), durability: .requester)
            table.connect(1, largest: 1000, closesLanes: closesLanes)
            let lanes = [lane(), lane(), lane()]
            let (first, second) = (try use(lanes[0], &table), try use(lanes[1], &table))
            #expect(first == 1 && second == 2)
            #expect(table.isUsedUp(1) && table.direct == 2)
            let late = table.closeIdle(since: start - .seconds(1))
            #expect(late.isEmpty)
            let closed = table.closeIdle(since: start).map(\.number).sorted()
            #expect(closed == (closesLanes ? [1, 2] : []))
            #expect(table.isUsedUp(1) == !closesLanes && table.direct == (closesLanes ? 0 : 2))
            let third = try use(lanes[2], &table)
            #expect(third == (closesLanes ? 3 : nil))
            guard closesLanes else { return }
            // A message of a closed lane is published, and late replies to it change nothing.
            let steps = table.send(UUID(), 8, bytes: 10, on: lanes[0], now: start)
            guard case .publish? = steps.first?.action, steps.count == 1 else {
                Issue.record("the message is not published")
                return
            }
            let late2 = try table.acknowledged(1, 1, count: 1, by: 1, now: start)
            #expect(late2.isEmpty && table.unanswered == 0)
        }

        @Test("One with a message of open fate stays")
        func busy() throws {
            var table = Table(durability: .requester)
            table.connect(1, largest: 1000, closesLanes: true)
            let lane = lane()
            _ = table.connect(lane, to: 1, mayBeUnread: false, now: start)
            let tag = UUID()
            _ = table.send(tag, 7, bytes: 10, on: lane, now: start)
            let closed = table.closeIdle(since: start + .seconds(60))
            #expect(closed.isEmpty && table.unanswered == 1)
        }

        @Test(
            "Its receiver forgets it, drops late messages of it, and still ends a connection for a lane that never was"
        )
        func incoming() throws {
            let incoming = IncomingLanes()
            let (first, second) = (lane(), lane())
            #expect(try incoming.open(1, 1, first))
            #expect(try incoming.open(2, 1, second))
            #expect(try !incoming.open(2, 2, second))
            #expect(incoming.requestCount == 2)
            #expect(incoming.close(1) == first && incoming.close(1) == nil)
            #expect(try incoming.admits(1, 1) == nil)
            #expect(throws: LaneViolation.self) { try incoming.admits(3, 1) }
            // The same lane with another number.
            #expect(try !incoming.open(3, 1, second))
            #expect(incoming.requestCount == 1 && incoming.number(of: second) == 3)
            #expect(try incoming.admits(2, 2) == nil)
        }
    }

    @Suite(
        "Lanes between sessions that are closed",
        .serialized,
        .enabled(if: PrivateBroker.isInstalled, "\(PrivateBroker.missingReason)")
    )
    struct HybridLaneClosingTests {
        @Test("Closed lanes begin anew with the next calls, and only an owner with lanes proves its place")
        func closing() async throws {
            let scene = try await HybridScene(direct: { _, server in server.ownershipLease = .seconds(1) })
            let (agent, user) = (try await scene.agent(), try await scene.user())
            let handle = user.handle(to: agent.registration.agentID)
            try await scene.rise(handle)
            let caller = try #require(await scene.caller.broker.directWay as? PeerRouter)
            let server = try #require(await scene.server.broker.directWay as? PeerRouter)
            #expect(server.ways.lease > .zero)
            #expect(caller.ways.lease == .zero, "it serves nothing")
            for _ in 1...2 {
                try await eventually("lanes without messages of open fate") {
                    caller.traffic.closeIdleLanes(for: .zero)
                    server.traffic.closeIdleLanes(for: .zero)
                    return caller.ways.connections.allSatisfy { $0.lanes == 0 }
                        && server.ways.connections.allSatisfy { $0.lanes == 0 } ? true : nil
                }
                try await eventually("the end of the lease") { server.ways.lease == .zero ? true : nil }
                #expect(!caller.ways.connections.isEmpty, "the connection stays")
                #expect(caller.traffic.links.markerCount == 0 && server.traffic.links.markerCount == 0)
                for number in 1...20 {
                    #expect(try await handle.action("echo", ActionArguments(number), returning: Int.self) == number)
                }
                try await scene.rise(handle)
                #expect(server.ways.lease > .zero)
            }
            await user.close()
            await agent.close()
        }

        @Test("A request lane alone that is closed comes back while answers go directly")
        func requestLane() async throws {
            let scene = try await HybridScene()
            let (agent, user) = (try await scene.agent(), try await scene.user())
            let handle = user.handle(to: agent.registration.agentID)
            try await scene.rise(handle)
            let caller = try #require(await scene.caller.broker.directWay as? PeerRouter)
            try await eventually("the end of the lane") {
                caller.traffic.closeIdleLanes(for: .zero)
                return caller.ways.connections.allSatisfy { $0.lanes == 0 } ? true : nil
            }
            try await scene.rise(handle)
            await user.close()
            await agent.close()
        }
    }
#endif
