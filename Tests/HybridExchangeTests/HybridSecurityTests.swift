#if Hybrid
    import AgentExchange
    import ExchangeTestKit
    import Foundation
    import RabbitMQExchange
    import Testing

    @testable import HybridExchange

    @Suite(
        "Broker users and their permissions hold past the broker",
        .serialized,
        .enabled(if: PrivateBroker.isInstalled, "\(PrivateBroker.missingReason)")
    )
    struct HybridSecurityTests {
        /// A broker user with the permissions of a role.
        private struct Person {
            let name: String
            let scene: HybridScene

            init(_ role: RolePermissions.Role, in scene: HybridScene) async throws {
                self.scene = scene
                name = "\(role.rawValue)-\(UUID().uuidString.prefix(8).lowercased())"
                let permissions = try #require(scene.server.broker.permissions(of: name).first { $0.role == role })
                try await scene.broker.control("add_user", name, "secret")
                try await scene.broker.control(
                    "set_permissions",
                    name,
                    permissions.configure,
                    permissions.write,
                    permissions.read
                )
                for topic in permissions.topics {
                    try await scene.broker.control(
                        "set_topic_permissions",
                        name,
                        topic.exchange,
                        topic.write,
                        topic.read
                    )
                }
            }

            func exchange(renewal: Duration = .seconds(300)) throws -> HybridExchange {
                var direct = DirectConfiguration(listen: [.tcp(.address("127.0.0.1"))])
                direct.renewal = renewal
                var configuration = RabbitMQConfiguration()
                configuration.requiresUserID = true
                configuration.connectionName = "\(scene.namespace) \(name)"
                return try HybridExchange(
                    url: "amqp://\(name):secret@127.0.0.1:\(scene.broker.port)",
                    namespace: scene.namespace,
                    direct: direct,
                    configuration: configuration,
                    logger: scene.log.logger
                )
            }

            func remove() async throws { try await scene.broker.control("delete_user", name) }
        }

        /// A caller of the role user and an agent of the role agent service, whose requests go directly.
        private func pair(
            renewal: Duration = .seconds(300),
            serve: @escaping RequestHandler
        ) async throws -> (scene: HybridScene, people: [Person], agent: AgentExchangeClient, user: UserExchangeClient) {
            let scene = try await HybridScene()
            // The operator makes the shared objects.
            await (try await scene.user()).close()
            let (service, caller) = (try await Person(.agentService, in: scene), try await Person(.user, in: scene))
            let exchange = try service.exchange(renewal: renewal)
            let registration = try await exchange.registration(named: UUID().uuidString, type: AgentType("Clerk"))
            let agent = try await exchange.makeAgentClient(
                registration,
                configuration: ClientConfiguration(logger: scene.log.logger),
                requestHandler: serve
            )
            let calling = try caller.exchange(renewal: renewal)
            let user = try await calling.makeUserClient(configuration: ClientConfiguration(logger: scene.log.logger))
            let handle = user.handle(to: registration.agentID)
            try await eventually("direct lanes", timeout: .seconds(30)) {
                _ = try await handle.action("who", returning: String.self)
                let (own, others) = (await calling.directPeers, await exchange.directPeers)
                return own.contains { $0.lanes > 0 } && others.contains { $0.lanes > 0 } ? true : nil
            }
            return (scene, [service, caller], agent, user)
        }

        @Test("With the permissions of their roles a caller and a service talk directly, each as its broker user")
        func roles() async throws {
            let ways = Monitor<[String]>([])
            let (scene, people, agent, user) = try await pair { request, _ in
                ways.update { $0.append("\(request.way?.rawValue ?? "none") \(request.principal ?? "nobody")") }
                return try request.response(encoding: request.principal ?? "nobody")
            }
            let handle = user.handle(to: agent.registration.agentID)
            #expect(try await handle.action("who", returning: String.self) == people[1].name)
            #expect(ways.value.last == "direct \(people[1].name)")
            // It may not terminate the agent of others, by whichever way it talks to it.
            await #expect(throws: ExchangeError.self) { try await user.terminate(.agent(agent.registration.agentID)) }
            #expect(try await handle.action("who", returning: String.self) == people[1].name)
            await user.close()
            await agent.close()
            for person in people { try await person.remove() }
            #expect(scene.log.entries.allSatisfy { !$0.message.contains("secret") })
        }

        @Test("A request that claims the source of another broker user is refused past the broker too")
        func forged() async throws {
            let served = Monitor<[EntityID]>([])
            let (scene, people, agent, user) = try await pair { request, _ in
                served.update { $0.append(request.source) }
                return try request.response(encoding: request.principal ?? "nobody")
            }
            // A mailbox of the service's broker user, in whose name the caller sends.
            let victim = try await people[0].exchange().makeUserTransport(name: nil)
            for _ in 1...3 {
                let forged = try Request(
                    from: victim.mailboxID,
                    to: agent.transport.mailboxID,
                    .action(name: "who", arguments: ActionArguments("x"))
                )
                try? await user.transport.send(.request(forged))
            }
            _ = try await user.handle(to: agent.registration.agentID).action("who", returning: String.self)
            #expect(served.value.allSatisfy { $0 != victim.mailboxID })
            #expect(served.value.contains(user.id))
            await victim.close()
            await user.close()
            await agent.close()
            for person in people { try await person.remove() }
            _ = scene
        }

        @Test(
            "The direct connections of a broker user without its permissions end within the renewal",
            .enabled(if: LongForm.isWanted, "the shortest renewal is 10 s: make test-long")
        )
        func revoked() async throws {
            let (scene, people, agent, user) = try await pair(renewal: .seconds(10)) { request, _ in
                try request.response(encoding: request.principal ?? "nobody")
            }
            let calling = try people[1].exchange(renewal: .seconds(10))
            #expect(await !calling.directPeers.isEmpty)
            // Behind the first proof: the broker remembers the permissions of a channel that is in use.
            let behind = ContinuousClock.now + .seconds(5)
            try await eventually("a renewed proof") { ContinuousClock.now >= behind ? true : nil }
            #expect(await !calling.directPeers.isEmpty)
            try await scene.broker.control("set_permissions", people[1].name, "^$", "^$", "^$")
            try await scene.broker.control("clear_topic_permissions", people[1].name)
            try await eventually("the end of the connection", timeout: .seconds(30)) {
                await calling.directPeers.isEmpty ? true : nil
            }
            await user.close()
            await agent.close()
            for person in people { try await person.remove() }
        }

        @Test(
            "New proofs keep a direct connection for longer than the renewal",
            .enabled(if: LongForm.isWanted, "the shortest renewal is 10 s: make test-long")
        )
        func renewed() async throws {
            let (_, people, agent, user) = try await pair(renewal: .seconds(10)) { request, _ in
                try request.response(encoding: request.principal ?? "nobody")
            }
            let calling = try people[1].exchange(renewal: .seconds(10))
            let router = try #require(await calling.broker.directWay as? PeerRouter)
            let connection = try #require(router.meetings.host?.connections.first)
            let end = ContinuousClock.now + .seconds(12)
            try await eventually("more than the renewal") { ContinuousClock.now >= end ? true : nil }
            #expect(router.meetings.host?.connections.first === connection)
            await user.close()
            await agent.close()
            for person in people { try await person.remove() }
        }

        @Test("A capture of an encrypted connection has no payload, and that of a plain one has it")
        func capture() async throws {
            for security in [DirectConfiguration.Security.plain, .encrypted] {
                let place = try FaultProxy(targetPort: 1)
                let port = place.listenPort
                await place.stop()
                let proxy = try await RecordingProxy(targetPort: port)
                let scene = try await HybridScene(direct: { caller, server in
                    caller.listen = []
                    server.listen = [.tcp(.address("127.0.0.1"), ports: [port])]
                    server.advertise = "127.0.0.1:\(proxy.port)"
                    caller.security = security
                    server.security = security
                })
                let secret = "payload-\(UUID().uuidString)"
                let agent = try await scene.agent { request, _ in
                    guard case .action(let name, let arguments) = request.body else { return request.response() }
                    if name == "echo" { return try request.response(encoding: 0) }
                    let text: String = try arguments.decode(String.self)
                    return try request.response(encoding: text)
                }
                let user = try await scene.user()
                let handle = user.handle(to: agent.registration.agentID)
                try await scene.rise(handle)
                for _ in 1...5 {
                    #expect(try await handle.action("text", ActionArguments(secret), returning: String.self) == secret)
                }
                let recorded = Data(proxy.recorded)
                #expect(recorded.count > 500)
                #expect((recorded.range(of: Data(secret.utf8)) != nil) == (security == .plain), "\(security)")
                await user.close()
                await agent.close()
                await proxy.stop()
            }
        }
    }
#endif
