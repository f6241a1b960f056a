#if Hybrid
    import AgentExchange
    import ExchangeTestKit
    import Foundation
    import RabbitMQExchange
    import Testing

    @testable import HybridExchange

    @Suite(
        "The fate of direct requests whose agent, requester or broker fails",
        .serialized,
        .enabled(if: PrivateBroker.isInstalled, "\(PrivateBroker.missingReason)")
    )
    struct HybridFateTests {
        /// A transport whose requests to an agent in another process go directly.
        private func sender(_ scene: HybridScene, to agent: AgentID) async throws -> any ExchangeTransport {
            let sender = try await scene.caller.makeUserTransport(name: nil)
            try await eventually("a direct lane") {
                try await sender.send(.request(try Request(from: sender.mailboxID, to: .agent(agent), .ping)))
                _ = try await sender.receive(timeout: .seconds(30))
                return await scene.caller.directPeers.contains { $0.lanes > 0 } ? true : nil
            }
            return sender
        }

        /// Sends a request that its agent takes directly and never answers. Returns its tag.
        private func hang(
            _ sender: any ExchangeTransport,
            _ process: ChildProcess,
            _ agent: AgentID,
            deadline: Date? = nil
        ) async throws -> UUID {
            let request = try Request(
                from: sender.mailboxID,
                to: .agent(agent),
                deadline: deadline,
                .action(name: "hang", arguments: .none)
            )
            try await sender.send(.request(request))
            _ = try await process.line(timeout: .seconds(30)) { $0.hasPrefix("working") }
            return request.tag
        }

        /// Receives the error that answers a request, and nothing after it.
        private func expectError(_ code: ExchangeError.Code, _ tag: UUID, at sender: any ExchangeTransport) async throws
        {
            guard case .response(let response) = try await sender.receive(timeout: .seconds(60)),
                case .failure(let failure) = response.outcome
            else {
                Issue.record("the message is no error")
                return
            }
            #expect(response.tag == tag && failure.code == code, "\(failure)")
            await #expect(throws: ExchangeError.self) { try await sender.receive(timeout: .milliseconds(300)) }
        }

        @Test(
            "Its agent is gone and its broker away when the deadline passes: the requester's own transport answers it"
        )
        func deadline() async throws {
            let broker = try await PrivateBroker.shared()
            let way = try FaultProxy(targetPort: broker.port)
            let scene = try await HybridScene(on: broker, through: way)
            let registration = try await scene.caller.registration(named: UUID().uuidString, type: AgentType("Echo"))
            let process = try await scene.serve(registration)
            let sender = try await sender(scene, to: registration.agentID)
            try await way.set(.stall)
            let deadline = Date.now + 3
            let tag = try await hang(sender, process, registration.agentID, deadline: deadline)
            process.signal(SIGKILL)
            try await process.waitForExit()
            try await expectError(.deadlineExceeded, tag, at: sender)
            #expect(Date.now >= deadline)
            try await way.set(.pass)
            await sender.close()
            await way.stop()
        }

        @Test("Its agent is gone and the mailbox is full by then: the requester's own transport answers it")
        func full() async throws {
            let scene = try await HybridScene(.single) {
                $0.prefetch = 1
                $0.maximumMailboxLength = 1
            }
            let registration = try await scene.caller.registration(named: UUID().uuidString, type: AgentType("Echo"))
            let process = try await scene.serve(registration)
            let sender = try await sender(scene, to: registration.agentID)
            let tag = try await hang(sender, process, registration.agentID)
            // Through the broker alone, from another session.
            var others = scene.server.broker
            others.direct = nil
            let filler = try await others.makeUserTransport(name: nil)
            let refusal = try await eventually("a full mailbox") { () -> ExchangeError? in
                do {
                    let request = try Request(from: filler.mailboxID, to: .agent(registration.agentID), .ping)
                    try await filler.send(.request(request))
                    return nil
                } catch {
                    return error as? ExchangeError
                }
            }
            #expect(refusal.code == .mailboxFull)
            process.signal(SIGKILL)
            try await process.waitForExit()
            try await expectError(.mailboxFull, tag, at: sender)
            await filler.close()
            await sender.close()
        }

        @Test("A request that kills its agent has one direct attempt, then the broker counts, and it is given up")
        func poison() async throws {
            let scene = try await HybridScene { $0.redeliveryLimit = 2 }
            let registration = try await scene.caller.registration(named: UUID().uuidString, type: AgentType("Echo"))
            let first = try await scene.serve(registration)
            let user = try await scene.user()
            let handle = user.handle(to: registration.agentID)
            try await scene.riseToAgent(handle)
            let ended = Monitor<ExchangeError?>(nil)
            let call = Task {
                do throws(ExchangeError) {
                    _ = try await handle.action("die", returning: Int.self, deadline: .seconds(60))
                } catch {
                    ended.update { $0 = error }
                }
            }
            _ = try await first.line(timeout: .seconds(30)) { $0 == "dying 1" }
            try await first.waitForExit()
            var deaths = 1
            let order = "agent \(String(decoding: try JSONEncoder().encode(registration), as: UTF8.self))"
            while ended.value == nil, deaths < 9 {
                let next = try await scene.join(scene.server)
                try next.write(order)
                // It dies of the request, or goes on when that was given up.
                let isDead = try await eventually("the death of the agent, or the end of the request") {
                    () -> Bool? in
                    if ended.value != nil { return false }
                    return next.exit == nil ? nil : true
                }
                if isDead { deaths += 1 }
                next.signal(SIGKILL)
                try await next.waitForExit()
            }
            await call.value
            #expect(ended.value?.code == .givenUp, "\(ended.value as Any)")
            // Directly, and at most as often as the broker hands out. It may count the consumer of the killed process once.
            #expect((2...4).contains(deaths), "\(deaths)")
            await user.close()
        }

        @Test("A requester that closes beside a silent agent leaves its requests at the broker")
        func closing() async throws {
            let scene = try await HybridScene()
            let registration = try await scene.caller.registration(named: UUID().uuidString, type: AgentType("Echo"))
            let process = try await scene.serve(registration)
            let sender = try await sender(scene, to: registration.agentID)
            _ = try await hang(sender, process, registration.agentID)
            try await process.pause()
            await sender.close()
            // Neither process has it any more.
            process.signal(SIGKILL)
            try await process.waitForExit()
            let runs = Monitor(0)
            let next = try await eventually("the place of the owner", timeout: .seconds(60)) {
                try await scene.agent(for: registration, on: scene.server) { request, _ in
                    if case .action("hang", _) = request.body { runs.update { $0 += 1 } }
                    return request.response()
                }
            }
            try await runs.wait(for: "the request", timeout: .seconds(30)) { $0 == 1 ? true : nil }
            await next.close()
        }

        @Test("An alarm of the broker: calls go directly until the lease ends, wait then, and go on after it")
        func alarm() async throws {
            let broker = try await PrivateBroker.borrow()
            let scene = try await HybridScene(on: broker, direct: { _, server in server.ownershipLease = .seconds(1) })
            let (agent, user) = (try await scene.agent(), try await scene.user())
            let handle = user.handle(to: agent.registration.agentID)
            try await scene.rise(handle)
            try await broker.control("set_vm_memory_high_watermark", "0.00001")
            try await eventually("the end of the lease") {
                await scene.server.broker.directWay?.ways.lease == .zero ? true : nil
            }
            let answered = Monitor(0)
            let calls = (1...8).map { number in
                Task {
                    let answer = try await handle.action(
                        "echo",
                        ActionArguments(number),
                        returning: Int.self,
                        deadline: .seconds(60)
                    )
                    answered.update { $0 += 1 }
                    return answer
                }
            }
            try await eventually("requests that wait for the broker") {
                await scene.caller.directPeers.contains { $0.unanswered >= 8 } ? true : nil
            }
            #expect(answered.value == 0)
            try await broker.control("set_vm_memory_high_watermark", "0.8")
            for (index, call) in calls.enumerated() { #expect(try await call.value == index + 1) }
            try await scene.rise(handle)
            await user.close()
            await agent.close()
            await broker.giveBack()
        }
    }
#endif
