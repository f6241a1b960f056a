#if Hybrid
    import AgentExchange
    import ExchangeTestKit
    import Foundation
    import HybridExchange
    import RabbitMQExchange
    import Testing

    @Suite(
        "Direct ways without the broker, and terminations",
        .serialized,
        .enabled(if: PrivateBroker.isInstalled, "\(PrivateBroker.missingReason)")
    )
    struct HybridOutageTests {
        @Test("The broker is away: calls go directly until the lease ends, wait then, and are answered when it is back")
        func brokerAway() async throws {
            let broker = try await PrivateBroker.shared()
            let proxy = try FaultProxy(targetPort: broker.port)
            let scene = try await HybridScene(on: broker, through: proxy) { _ in
            } direct: { _, server in
                server.ownershipLease = .seconds(2)
            }
            let agent = try await scene.agent()
            let user = try await scene.user()
            let handle = user.handle(to: agent.registration.agentID)
            try await scene.rise(handle)
            try await proxy.set(.stall)
            // One of these may come while the lease lapses; the first ones do not.
            for number in 1...20 {
                #expect(try await handle.action("echo", ActionArguments(number), returning: Int.self) == number)
            }
            try await eventually("the end of the lease") { await scene.lease == .zero ? true : nil }
            let waiting = (1...8).map { number in
                Task {
                    try await handle.action(
                        "echo",
                        ActionArguments(number),
                        returning: Int.self,
                        deadline: .seconds(60)
                    )
                }
            }
            try await proxy.set(.pass)
            for (index, call) in waiting.enumerated() { #expect(try await call.value == index + 1) }
            try await scene.rise(handle)
            await user.close()
            await agent.close()
            await proxy.stop()
        }

        @Test(
            "A stopped owner's mailbox is terminated: its direct requests are answered, and it takes none when it goes on",
            arguments: [false, true]
        )
        func stoppedAndTerminated(_ hasStandby: Bool) async throws {
            let lease = Duration.seconds(2)
            let scene = try await HybridScene { configuration in
                configuration.heartbeat = .seconds(1)
            } direct: { caller, server in
                caller.keepAlive = .milliseconds(500)
                server.keepAlive = .milliseconds(500)
                server.ownershipLease = lease
                caller.ownershipLease = lease
            }
            let registration = try await scene.caller.registration(named: UUID().uuidString, type: AgentType("Echo"))
            let process = try await scene.serve(registration)
            let standby = hasStandby ? try await scene.serve(registration, "standby") : nil
            let user = try await scene.user()
            let handle = user.handle(to: registration.agentID)
            try await scene.riseToAgent(handle)
            let held = (1...4).map { _ in
                Task { try await handle.action("hang", returning: Int.self, deadline: .seconds(60)) }
            }
            for _ in held { _ = try await process.line(timeout: .seconds(30)) { $0.hasPrefix("working") } }
            try await process.pause()
            let written = (1...4).map { _ in
                Task { try await handle.action("hang", returning: Int.self, deadline: .seconds(60)) }
            }
            let began = ContinuousClock.now
            try await user.terminate(.agent(registration.agentID))
            // An owner that is silent might take requests for as long, also when a standby has answered.
            #expect(began.duration(to: .now) >= lease)
            for call in held + written {
                guard case .failure(let error as ExchangeError) = await call.result else {
                    Issue.record("a request of a terminated mailbox has a result")
                    continue
                }
                #expect(error.code == .mailboxTerminated)
            }
            process.signal(SIGCONT)
            for _ in 1...20 {
                await #expect(throws: ExchangeError.self) {
                    try await handle.action("double", ActionArguments(1), returning: Int.self)
                }
            }
            for process in [process, standby].compactMap(\.self) {
                process.signal(SIGKILL)
                try await process.waitForExit()
            }
            await user.close()
        }

        @Test("64 publishers while the mailbox is terminated: each call has one outcome, and none is lost")
        func manyPublishers() async throws {
            let scene = try await HybridScene()
            let runs = Monitor<[Int: Int]>([:])
            let agent = try await scene.agent { request, _ in
                guard case .action(_, let arguments) = request.body else { return request.response() }
                let number: Int = try arguments.decode(Int.self)
                runs.update { $0[number, default: 0] += 1 }
                return try request.response(encoding: number)
            }
            let user = try await scene.user()
            let id = agent.registration.agentID
            let handle = user.handle(to: id)
            try await scene.rise(handle)
            let begun = Monitor(0)
            let succeeded = await withTaskGroup(of: [Int].self) { group in
                for task in 0..<64 {
                    group.addTask {
                        var succeeded: [Int] = []
                        for step in 0..<10_000 {
                            let number = 1 + step * 64 + task
                            begun.update { $0 += 1 }
                            do {
                                let answer = try await handle.action(
                                    "echo",
                                    ActionArguments(number),
                                    returning: Int.self,
                                    deadline: .seconds(60)
                                )
                                if answer != number { Issue.record("the answer of another request") }
                                succeeded.append(number)
                            } catch let error as ExchangeError {
                                if error.code != .mailboxTerminated { Issue.record("\(error)") }
                                return succeeded
                            } catch {
                                Issue.record("\(error)")
                            }
                        }
                        return succeeded
                    }
                }
                group.addTask {
                    do {
                        try await begun.wait(for: "many calls", timeout: .seconds(60)) { $0 > 2000 ? true : nil }
                        try await user.terminate(.agent(id))
                    } catch {
                        Issue.record("\(error)")
                    }
                    return []
                }
                return await group.reduce(into: []) { $0 += $1 }
            }
            #expect(succeeded.count > 1000)
            #expect(runs.value.filter { $0.key != 0 }.values.allSatisfy { $0 == 1 })
            // What had an answer did run.
            #expect(succeeded.allSatisfy { runs.value[$0] == 1 })
            await user.close()
            await agent.close()
        }

        @Test("A peer that stalls, or whose bytes are late: nothing is lost, and nothing runs twice")
        func slowPeers() async throws {
            let (scene, proxy) = try await HybridScene.proxied(keepAlive: .milliseconds(300))
            let runs = Monitor<[Int: Int]>([:])
            let agent = try await scene.agent { request, _ in
                guard case .action(_, let arguments) = request.body else { return request.response() }
                let number: Int = try arguments.decode(Int.self)
                runs.update { $0[number, default: 0] += 1 }
                return try request.response(encoding: number)
            }
            let user = try await scene.user()
            let handle = user.handle(to: agent.registration.agentID)
            var number = 0
            for mode in [FaultProxy.Mode.delay(.milliseconds(60)), .stall] {
                try await scene.rise(handle)
                try await proxy.set(mode)
                let calls = (1...32).map { step in
                    let own = number + step
                    return Task {
                        try await handle.action(
                            "echo",
                            ActionArguments(own),
                            returning: Int.self,
                            deadline: .seconds(60)
                        )
                    }
                }
                for (index, call) in calls.enumerated() { #expect(try await call.value == number + index + 1) }
                number += 32
                try await proxy.set(.pass)
            }
            #expect(runs.value.filter { $0.key != 0 }.values.allSatisfy { $0 == 1 })
            await user.close()
            await agent.close()
            await proxy.stop()
        }
    }

    extension HybridScene {
        /// The time for which the server's session may take direct requests without another proof.
        fileprivate var lease: Duration {
            get async { await server.broker.directWay?.ways.lease ?? .zero }
        }
    }
#endif
