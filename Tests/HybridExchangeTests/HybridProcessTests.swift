#if Hybrid
    import AgentExchange
    import ExchangeTestKit
    import Foundation
    import HybridExchange
    import RabbitMQExchange
    import Testing

    @Suite(
        "Processes with direct ways that die or stand still",
        .serialized,
        .enabled(if: PrivateBroker.isInstalled, "\(PrivateBroker.missingReason)")
    )
    struct HybridProcessTests {
        /// Starts a process of the server's settings.
        private func join(_ scene: HybridScene, _ exchange: HybridExchange) async throws -> ChildProcess {
            let process = try ChildProcess(try ProductsDirectory.executable("agent-process"), environment: [:])
            try process.write(String(decoding: try JSONEncoder().encode(exchange), as: UTF8.self))
            _ = try await process.line(timeout: .seconds(30)) { $0.hasPrefix("joined ") }
            return process
        }

        /// Starts a process as an agent.
        private func serve(_ scene: HybridScene, _ registration: AgentRegistration) async throws -> ChildProcess {
            let process = try await join(scene, scene.server)
            try process.write("agent \(String(decoding: try JSONEncoder().encode(registration), as: UTF8.self))")
            _ = try await process.line(timeout: .seconds(30)) { $0.hasPrefix("ready") }
            return process
        }

        private func rise(_ scene: HybridScene, _ handle: RemoteHandle) async throws {
            try await eventually("a direct lane") {
                _ = try await handle.ping()
                return await scene.caller.directPeers.contains { $0.lanes > 0 } ? true : nil
            }
        }

        @Test("The requests of an agent that was killed are run by the next")
        func agentKilled() async throws {
            let scene = try await HybridScene()
            let registration = try await scene.server.registration(named: UUID().uuidString, type: AgentType("Echo"))
            let process = try await serve(scene, registration)
            let user = try await scene.user()
            let handle = user.handle(to: registration.agentID)
            try await rise(scene, handle)
            let calls = (1...20).map { _ in
                Task { try await handle.action("hang-once", returning: Int.self, deadline: .seconds(60)) }
            }
            for _ in calls { _ = try await process.line(timeout: .seconds(30)) { $0.hasPrefix("working") } }
            #expect(await scene.caller.directPeers.contains { $0.unanswered >= calls.count })
            // Acknowledgements go before the answer to a later request: the requester knows that the agent took each call.
            _ = try await handle.ping()
            process.signal(SIGKILL)
            try await process.waitForExit()
            let next = try await scene.agent(for: registration) { request, _ in
                try request.response(encoding: request.attempt)
            }
            // The broker may hand a copy to the consumer of the killed process before it notices, and counts that.
            for call in calls { #expect(try await (2...3).contains(call.value)) }
            await next.close()
            await user.close()
        }

        @Test("The requests of a requester that was killed outlive its agent too")
        func requesterKilled() async throws {
            let scene = try await HybridScene()
            let gate = Gate()
            let attempts = Monitor<[Int]>([])
            let serve: RequestHandler = { request, _ in
                guard case .action(let name, _) = request.body else { return request.response() }
                if name == "wait" {
                    attempts.update { $0.append(request.attempt) }
                    await gate.pass()
                }
                return try request.response(encoding: 7)
            }
            let agent = try await scene.agent(serve)
            let id = agent.registration.agentID
            let requester = try await join(scene, scene.caller)
            try requester.write("user")
            _ = try await requester.line(timeout: .seconds(30)) { $0.hasPrefix("ready") }
            try await eventually("a direct lane") {
                try requester.write("call \(id.uuid.uuidString) echo")
                _ = try await requester.line(timeout: .seconds(30)) { $0.hasPrefix("answer") }
                return await scene.server.directPeers.contains { $0.lanes > 0 } ? true : nil
            }
            try requester.write("call \(id.uuid.uuidString) wait")
            try await gate.waitForVisitor()
            requester.signal(SIGKILL)
            try await requester.waitForExit()
            // The agent puts a copy into its mailbox, and the next one has it from there.
            try await eventually("a copy in the mailbox") { try await scene.load(of: id) == 1 ? true : nil }
            await agent.close()
            let next = try await scene.agent(for: agent.registration, serve)
            try await gate.waitForVisitor(2)
            #expect(attempts.value == [1, 2])
            gate.open()
            await next.close()
        }

        @Test("An owner that stood still takes nothing directly when another one has its place")
        func ownerStopped() async throws {
            let scene = try await HybridScene { configuration in
                configuration.heartbeat = .seconds(1)
            } direct: { caller, server in
                caller.keepAlive = .milliseconds(500)
                server.keepAlive = .milliseconds(500)
                server.ownershipLease = .seconds(1)
            }
            let registration = try await scene.server.registration(named: UUID().uuidString, type: AgentType("Echo"))
            let process = try await serve(scene, registration)
            let user = try await scene.user()
            let handle = user.handle(to: registration.agentID)
            try await rise(scene, handle)
            #expect(try await handle.action("double", ActionArguments(4), returning: Int.self) == 8)
            try await process.pause()
            // The broker gives the mailbox to the next when it has noticed.
            let next = try await eventually("the place of the owner", timeout: .seconds(60)) {
                try? await scene.agent(for: registration) { request, _ in try request.response(encoding: -1) }
            }
            #expect(try await handle.action("double", ActionArguments(4), returning: Int.self) == -1)
            process.signal(SIGCONT)
            for _ in 1...200 {
                #expect(try await handle.action("double", ActionArguments(4), returning: Int.self) == -1)
            }
            process.signal(SIGKILL)
            try await process.waitForExit()
            await next.close()
            await user.close()
        }
    }
#endif
