#if Hybrid
    import AgentExchange
    import ExchangeTestKit
    import Foundation
    import HybridExchange
    import RabbitMQExchange
    import Testing

    @Suite(
        "Processes that are killed at each step of a direct request",
        .serialized,
        .enabled(if: PrivateBroker.isInstalled, "\(PrivateBroker.missingReason)")
    )
    struct HybridDeathTests {
        /// The step of a direct request that is reached when something dies.
        enum Step: String, CaseIterable {
            /// The request is on the socket, and the agent has not read it.
            case written
            /// It is in the agent's inbox, and the requester knows.
            case taken
            /// The action runs.
            case running
            /// The answer is on the socket, and the requester has not read it.
            case answered
            /// The requester has the answer.
            case acknowledged
        }

        @Test("An agent is killed: the next one answers what was not answered, once", arguments: Step.allCases)
        func agent(_ step: Step) async throws {
            let (scene, proxy) = try await HybridScene.proxied()
            let registration = try await scene.caller.registration(named: UUID().uuidString, type: AgentType("Echo"))
            let process = try await scene.serve(registration)
            let user = try await scene.user()
            let handle = user.handle(to: registration.agentID)
            try await scene.riseToAgent(handle)

            let number = 7
            let action = step == .taken || step == .running ? "hang-once" : "count"
            if step == .written { try await process.pause() }
            if step == .answered { try await proxy.set(.drop(.toClient)) }
            let call = Task {
                try await handle.action(action, ActionArguments(number), returning: Int.self, deadline: .seconds(60))
            }
            switch step {
            case .written:
                try await eventually("a written request") {
                    await scene.caller.directPeers.contains { $0.unanswered > 0 } ? true : nil
                }
            case .taken:
                _ = try await handle.ping()
            case .running:
                _ = try await process.line(timeout: .seconds(30)) { $0.hasPrefix("working") }
            case .answered:
                _ = try await process.line(timeout: .seconds(30)) { $0.hasPrefix("ran \(number)") }
                // The acknowledgement and the answer vanish, and more than they have.
                try await proxy.statistics { $0.bytesDropped > 60 }
            case .acknowledged:
                #expect(try await call.value == number)
            }
            process.signal(SIGKILL)
            try await process.waitForExit()
            try await proxy.set(.pass)
            let runs = Monitor(0)
            let next = try await scene.agent(for: registration, on: scene.caller) { request, _ in
                if case .action = request.body { runs.update { $0 += 1 } }
                return try request.response(encoding: number)
            }
            #expect(try await call.value == number)
            #expect(runs.value == (step == .acknowledged ? 0 : 1))
            #expect(try await handle.action("count", ActionArguments(number), returning: Int.self) == number)
            await next.close()
            await user.close()
            await proxy.stop()
        }

        @Test(
            "A requester is killed: its agent goes on, and an answer that it had not read waits at the broker",
            arguments: Step.allCases
        )
        func requester(_ step: Step) async throws {
            let (scene, proxy) = try await HybridScene.proxied()
            let gate = Gate()
            let runs = Monitor(0)
            let agent = try await scene.agent { request, _ in
                guard case .action(let name, _) = request.body else { return request.response() }
                if name == "once" { runs.update { $0 += 1 } }
                if name == "once", step == .taken || step == .running { await gate.pass() }
                return try request.response(encoding: 7)
            }
            let id = agent.registration.agentID
            let requester = try await scene.join(scene.caller)
            try requester.write("user")
            let ready = try await requester.line(timeout: .seconds(30)) { $0.hasPrefix("ready ") }
            let user = String(ready.dropFirst("ready ".count)).lowercased()
            try await callsAreDirect(requester, "call \(id.uuid.uuidString) echo", proxy)
            if step == .written { try await proxy.set(.drop(.toTarget)) }
            if step == .answered { try await proxy.set(.drop(.toClient)) }
            let before = proxy.statistics.bytesDropped
            try requester.write("call \(id.uuid.uuidString) once")
            switch step {
            case .written: try await proxy.statistics { $0.bytesDropped > before }
            case .taken, .running: try await gate.waitForVisitor()
            case .answered: try await proxy.statistics { $0.bytesDropped > before + 60 }
            case .acknowledged: _ = try await requester.line(timeout: .seconds(30)) { $0.hasPrefix("answer") }
            }
            requester.signal(SIGKILL)
            try await requester.waitForExit()
            try await proxy.set(.pass)
            gate.open()
            if step != .written, step != .acknowledged {
                // In the queue of its session, which stays for ten minutes, or in its mailbox.
                try await eventually("the answer at the broker", timeout: .seconds(60)) {
                    let places = ["session.", "user.\(user)"].map { "warren.\(scene.namespace).\($0)" }
                    let queues = try await scene.broker.management.queues()
                    return queues.contains { queue in
                        places.contains { queue.name.hasPrefix($0) } && (queue.ready ?? 0) > 0
                    } ? true : nil
                }
            }
            // Its send had not returned, or its answer was not read: what it asked ran once at most.
            #expect(runs.value <= 1)
            if step != .written { #expect(runs.value == 1) }
            let other = try await scene.user()
            #expect(try await other.handle(to: id).action("echo", returning: Int.self) == 7)
            await other.close()
            await agent.close()
            await proxy.stop()
        }

        /// Calls until requests and answers go over the proxied socket. They have more bytes than an acknowledgement, and no opening of a
        /// lane comes three times in a row.
        private func callsAreDirect(_ requester: ChildProcess, _ call: String, _ proxy: FaultProxy) async throws {
            var direct = 0
            try await eventually("calls and answers on the socket") {
                let before = proxy.statistics
                try requester.write(call)
                _ = try await requester.line(timeout: .seconds(30)) { $0.hasPrefix("answer") }
                let now = proxy.statistics
                let isDirect =
                    now.bytesToTarget > before.bytesToTarget + 40 && now.bytesToClient > before.bytesToClient + 40
                direct = isDirect ? direct + 1 : 0
                return direct == 3 ? true : nil
            }
        }

        @Test(
            "Agent and requester die before either notices: the broker's copy is run by the next agent, the requester's is lost",
            arguments: [DirectConfiguration.Durability.requester, .broker]
        )
        func both(_ durability: DirectConfiguration.Durability) async throws {
            try await endBoth(durability, isSilent: false)
        }

        /// Nothing comes from a machine without power: no reset and no farewell, not to the broker either.
        @Test(
            "The machine of both loses power: the broker's copy is run by the next agent, the requester's is lost",
            arguments: [DirectConfiguration.Durability.requester, .broker]
        )
        func power(_ durability: DirectConfiguration.Durability) async throws {
            try await endBoth(durability, isSilent: true)
        }

        private func endBoth(_ durability: DirectConfiguration.Durability, isSilent: Bool) async throws {
            let (scene, proxy) = try await HybridScene.proxied(durability: durability) { configuration in
                if isSilent { configuration.heartbeat = .seconds(1) }
            }
            let registration = try await scene.server.registration(named: UUID().uuidString, type: AgentType("Echo"))
            let id = registration.agentID
            let agent = try await scene.serve(registration)
            let requester = try await scene.join(scene.caller)
            try requester.write("user")
            _ = try await requester.line(timeout: .seconds(30)) { $0.hasPrefix("ready ") }
            try await callsAreDirect(requester, "call \(id.uuid.uuidString) attempt", proxy)
            try requester.write("call \(id.uuid.uuidString) hang")
            _ = try await agent.line(timeout: .seconds(30)) { $0.hasPrefix("working") }
            if durability == .broker {
                try await eventually("the copy at the broker") { try await scene.load(of: id) == 1 ? true : nil }
            }
            for process in [agent, requester] { try await process.pause() }
            func kill() async throws {
                for process in [agent, requester] {
                    process.signal(SIGKILL)
                    try await process.waitForExit()
                }
            }
            if !isSilent { try await kill() }
            let runs = Monitor(0)
            // The broker gives the mailbox to the next one when it has noticed. The dead agent may still have its port.
            let next = try await eventually("the place of the owner", timeout: .seconds(60)) {
                try await scene.agent(for: registration, on: scene.caller) { request, _ in
                    if case .action("hang", _) = request.body { runs.update { $0 += 1 } }
                    return try request.response(encoding: 7)
                }
            }
            // It comes behind everything that was in the mailbox.
            let user = try await scene.user()
            #expect(try await user.handle(to: id).action("echo", returning: Int.self) == 7)
            #expect(runs.value == (durability == .broker ? 1 : 0))
            await user.close()
            await next.close()
            if isSilent { try await kill() }
            await proxy.stop()
        }

        @Test("A standby is killed while calls go directly, and then the owner: the next standby answers")
        func standby() async throws {
            let scene = try await HybridScene()
            let registration = try await scene.caller.registration(named: UUID().uuidString, type: AgentType("Echo"))
            let owner = try await scene.serve(registration)
            let standby = try await scene.serve(registration, "standby")
            let user = try await scene.user()
            let handle = user.handle(to: registration.agentID)
            try await scene.riseToAgent(handle)
            standby.signal(SIGKILL)
            try await standby.waitForExit()
            for number in 1...50 {
                #expect(try await handle.action("double", ActionArguments(number), returning: Int.self) == 2 * number)
            }
            let second = try await scene.serve(registration, "standby")
            owner.signal(SIGKILL)
            try await owner.waitForExit()
            #expect(
                try await handle.action("double", ActionArguments(4), returning: Int.self, deadline: .seconds(60)) == 8
            )
            second.signal(SIGKILL)
            try await second.waitForExit()
            await user.close()
        }
    }

    extension HybridScene {
        /// Starts a process with an exchange.
        func join(_ exchange: HybridExchange) async throws -> ChildProcess {
            let process = try ChildProcess(try ProductsDirectory.executable("agent-process"), environment: [:])
            try process.write(String(decoding: try JSONEncoder().encode(exchange), as: UTF8.self))
            _ = try await process.line(timeout: .seconds(30)) { $0.hasPrefix("joined ") }
            return process
        }

        /// Starts a process of the server's settings as an agent, or as its standby.
        func serve(_ registration: AgentRegistration, _ command: String = "agent") async throws -> ChildProcess {
            let process = try await join(server)
            try process.write("\(command) \(String(decoding: try JSONEncoder().encode(registration), as: UTF8.self))")
            _ = try await process.line(timeout: .seconds(30)) { $0.hasPrefix("ready") }
            return process
        }

        /// Pings an agent in another process until requests go directly.
        func riseToAgent(_ handle: RemoteHandle) async throws {
            try await eventually("a direct lane") {
                _ = try await handle.ping()
                return await caller.directPeers.contains { $0.lanes > 0 } ? true : nil
            }
        }
    }
#endif
