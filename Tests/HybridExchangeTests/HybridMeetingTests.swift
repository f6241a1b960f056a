#if Hybrid
    import AgentExchange
    import ExchangeTestKit
    import Foundation
    import RabbitMQExchange
    import Testing

    @testable import HybridExchange

    @Suite(
        "Sessions that meet, and those that can't",
        .serialized,
        .enabled(if: PrivateBroker.isInstalled, "\(PrivateBroker.missingReason)")
    )
    struct HybridMeetingTests {
        @Test(
            "An owner that can't be reached dials its asker: it has no address, or one that refuses",
            arguments: [false, true]
        )
        func dialsBack(_ hasAddress: Bool) async throws {
            let place = try FaultProxy(targetPort: 1)
            try await place.set(.refuse)
            let scene = try await HybridScene(direct: { _, server in
                if hasAddress {
                    server.advertise = "127.0.0.1:\(place.listenPort)"
                } else {
                    server.listen = []
                }
            })
            let (agent, user) = (try await scene.agent(), try await scene.user())
            let handle = user.handle(to: agent.registration.agentID)
            try await scene.rise(handle)
            let router = try #require(await scene.server.broker.directWay as? PeerRouter)
            let connection = try #require(router.meetings.host?.connections.first)
            #expect(connection.agreement.dialler == router.meetings.host?.identity.session)
            for number in 1...20 {
                #expect(try await handle.action("echo", ActionArguments(number), returning: Int.self) == number)
            }
            await user.close()
            await agent.close()
            await place.stop()
        }

        @Test("Named ports that are all taken end the first transport; one listener serves all mailboxes of a process")
        func ports() async throws {
            let scene = try await HybridScene()
            let other = PeerSession()
            let port = try await other.listen()
            func exchange() throws -> HybridExchange {
                var configuration = RabbitMQConfiguration()
                configuration.connectionName = "\(scene.namespace) ports"
                return try HybridExchange(
                    url: scene.broker.amqpURL,
                    namespace: scene.namespace,
                    direct: DirectConfiguration(listen: [.tcp(.address("127.0.0.1"), ports: [port])]),
                    configuration: configuration,
                    logger: scene.logger
                )
            }
            let error = await #expect(throws: ExchangeError.self) { try await exchange().makeUserTransport(name: nil) }
            #expect(error?.code == .invalidConfiguration && error?.delivery == .notSent, "\(error as Any)")
            await other.host.close()
            // It is tried again, and the second factory's mailboxes need no second port.
            let first = try await exchange().makeUserTransport(name: nil)
            let second = try await exchange().makeUserTransport(name: nil)
            let registration = try await second.registerAgent(AgentType("Echo"), name: nil)
            let third = try await exchange().makeAgentTransport(registration)
            for transport in [first, second, third] { await transport.close() }
        }

        @Test("Sessions that were closed are freed, with their connections, and those that come and go leave nothing")
        func freed() async throws {
            let scene = try await HybridScene(isQuiet: true)
            let agent = try await scene.agent()
            weak var router: PeerRouter?
            weak var connection: PeerConnection?
            func come(_ number: Int) async throws {
                var configuration = RabbitMQConfiguration()
                configuration.connectionName = "\(scene.namespace) guest \(number)"
                let exchange = try HybridExchange(
                    url: scene.broker.amqpURL,
                    namespace: scene.namespace,
                    direct: scene.caller.direct,
                    configuration: configuration,
                    logger: scene.logger
                )
                let user = try await scene.user(exchange)
                let handle = user.handle(to: agent.registration.agentID)
                try await eventually("a connection") {
                    _ = try await handle.action("echo", ActionArguments(0), returning: Int.self)
                    return await exchange.directPeers.contains { $0.lanes > 0 } ? true : nil
                }
                router = await exchange.broker.directWay as? PeerRouter
                connection = router?.meetings.host?.connections.first
                await user.close()
            }
            try await come(0)
            try await eventually("the end of the session") { router == nil && connection == nil ? true : nil }
            for number in 1...15 { try await come(number) }
            let before = try ProcessFigures.trimmedMemory()
            for number in 16...60 { try await come(number) }
            let grown = try ProcessFigures.trimmedMemory() - before
            #expect(grown < 3 << 20, "\(grown >> 10) KiB after 45 sessions")
            await agent.close()
        }

        @Test("Calls leave nothing")
        func calls() async throws {
            let scene = try await HybridScene(isQuiet: true)
            let (user, agent) = (try await scene.user(), try await scene.agent())
            let handle = user.handle(to: agent.registration.agentID)
            try await scene.rise(handle)
            func call(_ count: Int) async throws {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<8 {
                        group.addTask {
                            for number in 0..<count {
                                _ = try await handle.action("echo", ActionArguments(number), returning: Int.self)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
            }
            try await call(1000)
            let before = try ProcessFigures.trimmedMemory()
            try await call(1000)
            let grown = try ProcessFigures.trimmedMemory() - before
            #expect(grown < 2 << 20, "\(grown >> 10) KiB after 8,000 calls")
            await user.close()
            await agent.close()
        }

        @Test("Within one process messages go through the broker")
        func oneProcess() async throws {
            let scene = try await HybridScene()
            let ways = Monitor<Set<String>>([])
            let agent = try await scene.agent(on: scene.caller) { request, _ in
                ways.update { $0.insert(request.way?.rawValue ?? "none") }
                return try request.response(encoding: 1)
            }
            let user = try await scene.user()
            let handle = user.handle(to: agent.registration.agentID)
            for _ in 1...50 { #expect(try await handle.action("echo", returning: Int.self) == 1) }
            #expect(ways.value == ["broker"])
            #expect(await scene.caller.directPeers.isEmpty)
            await user.close()
            await agent.close()
        }

        @Test("Processes with direct ways and without them call each other through the broker")
        func bothKinds() async throws {
            let scene = try await HybridScene()
            var plain = scene.server.broker
            plain.direct = nil
            let serve: RequestHandler = { request, _ in
                guard case .action(_, let arguments) = request.body else { return request.response() }
                let number: Int = try arguments.decode(Int.self)
                return try request.response(encoding: number)
            }
            let registration = try await plain.registration(named: UUID().uuidString, type: AgentType("Echo"))
            let old = try await plain.makeAgentClient(registration, requestHandler: serve)
            let new = try await scene.agent(on: scene.caller, serve)
            let (asking, user) = (try await plain.makeUserClient(), try await scene.user())
            for number in 1...50 {
                let arguments = try ActionArguments(number)
                for handle in [user.handle(to: old.registration.agentID), asking.handle(to: new.registration.agentID)] {
                    #expect(try await handle.action("echo", arguments, returning: Int.self) == number)
                }
            }
            #expect(await scene.caller.directPeers.isEmpty)
            // What no session knows would be parked.
            let parked = try await scene.broker.management.queue("warren.\(scene.namespace).parked")
            #expect((parked?.ready ?? 0) == 0)
            await user.close()
            await asking.close()
            await new.close()
            await old.close()
        }
    }
#endif
