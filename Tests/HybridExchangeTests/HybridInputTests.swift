#if Hybrid
    import AgentExchange
    import ExchangeTestKit
    import Foundation
    import RabbitMQExchange
    import Testing

    @testable import HybridExchange

    @Suite(
        "Frames against the rules, on the connection of a session that others know",
        .serialized,
        .enabled(if: PrivateBroker.isInstalled, "\(PrivateBroker.missingReason)")
    )
    struct HybridInputTests {
        /// The fault of some frames.
        enum Fault: CaseIterable {
            case dataBeforeOpen, laterOpening, sameOpening, garbage, foreignDestination, foreignAcknowledgement
        }

        /// A lane that the session itself has not reached.
        private static let number: UInt32 = 50_000

        private func frames(
            _ fault: Fault,
            from user: EntityID,
            to agent: EntityID,
            elsewhere: EntityID
        ) throws -> [PeerFrame] {
            let destination = fault == .foreignDestination ? elsewhere : agent
            let lane = LaneID(from: user, to: destination, .requests)
            let request = try Request(
                from: user,
                to: destination,
                .action(name: "rogue", arguments: ActionArguments(1))
            )
            let bytes = try MessageBytes.encode(.request(request), on: lane)
            let open = PeerFrame.open(lane: Self.number, opening: 1, lane, marker: nil)
            func data(_ opening: UInt32, _ bytes: [UInt8]) -> PeerFrame {
                .data(lane: Self.number, opening: opening, isCopied: false, message: bytes)
            }
            return switch fault {
            case .dataBeforeOpen: [data(1, bytes)]
            case .laterOpening: [open, data(2, bytes)]
            case .sameOpening: [open, open, data(1, bytes)]
            case .garbage: [open, data(1, [UInt8](repeating: 0xff, count: 100))]
            // It is refused, and the refusal is of a lane that its sender does not know.
            case .foreignDestination: [open, data(1, bytes)]
            case .foreignAcknowledgement: [.ack([.init(lane: Self.number, opening: 1, count: 1)])]
            }
        }

        @Test("Nothing is delivered, their connection ends, and others go on", arguments: Fault.allCases)
        func rogue(_ fault: Fault) async throws {
            let scene = try await HybridScene()
            let served = Monitor<[String]>([])
            let agent = try await scene.agent { request, _ in
                guard case .action(let name, let arguments) = request.body else { return request.response() }
                served.update { $0.append(name) }
                let number: Int = try arguments.decode(Int.self)
                return try request.response(encoding: number)
            }
            let id = agent.registration.agentID
            let elsewhere = try await scene.agent(on: scene.caller)
            let (user, handle) = try await connected(scene.caller, to: id, in: scene)
            var configuration = RabbitMQConfiguration()
            configuration.connectionName = "\(scene.namespace) third"
            let third = try HybridExchange(
                url: scene.broker.amqpURL,
                namespace: scene.namespace,
                direct: scene.caller.direct,
                configuration: configuration,
                logger: scene.log.logger
            )
            let (other, others) = try await connected(third, to: id, in: scene)
            let innocent = try await connection(of: third)

            let connection = try await connection(of: scene.caller)
            let frames = try frames(
                fault,
                from: user.id,
                to: .agent(id),
                elsewhere: .agent(elsewhere.registration.agentID)
            )
            for (number, frame) in frames.enumerated() {
                let sent = connection.send(frame)
                // The peer may have ended the connection for the frames before.
                #expect(sent == .queued || number > 0 && sent == .closed, "\(sent)")
            }
            let ending = await connection.ending
            #expect(ending != .closed && ending != .silent, "\(ending)")
            #expect(try await handle.action("echo", ActionArguments(5), returning: Int.self) == 5)
            #expect(try await others.action("echo", ActionArguments(6), returning: Int.self) == 6)
            #expect(!served.value.contains("rogue"))
            #expect(try await self.connection(of: third) === innocent)
            for client in [user, other] { await client.close() }
            for agent in [agent, elsewhere] { await agent.close() }
        }

        @Test(
            "A peer that waits for no acknowledgement is given what the agent's limits take, and nothing grows",
            arguments: [(4000, 1000), (60, 1 << 20)]
        )
        func moreThanTheWindow(_ count: Int, _ bytes: Int) async throws {
            let scene = try await HybridScene {
                $0.prefetch = 16
                $0.receiveWindowBytes = 4 << 20
            }
            let (gate, taken) = (Gate(), Monitor(0))
            let agent = try await scene.agent { request, _ in
                guard case .action(let name, let arguments) = request.body else { return request.response() }
                if name == "rogue" {
                    taken.update { $0 += 1 }
                    await gate.pass()
                    return request.response()
                }
                let number: Int = try arguments.decode(Int.self)
                return try request.response(encoding: number)
            }
            let id = agent.registration.agentID
            let (user, _) = try await connected(scene.caller, to: id, in: scene)
            let connection = try await connection(of: scene.caller)
            let lane = LaneID(from: user.id, to: .agent(id), .requests)
            #expect(connection.send(.open(lane: Self.number, opening: 1, lane, marker: nil)) == .queued)
            let payload = Payload(contentType: "application/octet-stream", bytes: Data(count: bytes))
            let arguments = ActionArguments(payload: payload)
            let before = try ProcessFigures.trimmedMemory()
            for _ in 0..<count {
                let request = try Request(from: user.id, to: .agent(id), .action(name: "rogue", arguments: arguments))
                let message = try MessageBytes.encode(.request(request), on: lane)
                let frame = PeerFrame.data(lane: Self.number, opening: 1, isCopied: false, message: message)
                // Only as much as the socket takes, so that this side of the process keeps nothing.
                let sent = try await eventually("room for a frame", interval: .milliseconds(1)) {
                    () -> PeerConnection.Sending? in
                    guard connection.waitingBytes < 1 << 20 else { return nil }
                    return connection.send(frame)
                }
                if sent == .closed { break }
            }
            // The refusal is of a lane that this side does not know.
            let ending = await connection.ending
            #expect(ending == .violation(.unknownLane(Self.number)), "\(ending)")
            // The handlers begin after the frames were taken.
            _ = try await taken.wait(for: "a request in hand", timeout: .seconds(30)) { $0 > 0 ? true : nil }
            let grown = try ProcessFigures.trimmedMemory() - before
            #expect(grown < 16 << 20, "\(grown >> 10) KiB")
            let most = taken.value
            #expect(most <= 16 && (most - 1) * bytes <= 4 << 20, "\(most) taken")
            gate.open()
            let (other, others) = try await connected(scene.caller, to: id, in: scene)
            #expect(try await others.action("echo", ActionArguments(6), returning: Int.self) == 6)
            for client in [user, other] { await client.close() }
            await agent.close()
        }

        /// The connection of a session with one peer.
        private func connection(of exchange: HybridExchange) async throws -> PeerConnection {
            let router = try #require(await exchange.broker.directWay as? PeerRouter)
            return try #require(router.meetings.host?.connections.first)
        }

        /// A user of a session with direct requests.
        private func connected(
            _ exchange: HybridExchange,
            to agent: AgentID,
            in scene: HybridScene
        ) async throws -> (UserExchangeClient, RemoteHandle) {
            let user = try await scene.user(exchange)
            let handle = user.handle(to: agent)
            try await eventually("a direct lane") {
                _ = try await handle.action("echo", ActionArguments(0), returning: Int.self)
                return await exchange.directPeers.contains { $0.lanes > 0 } ? true : nil
            }
            return (user, handle)
        }
    }
#endif
