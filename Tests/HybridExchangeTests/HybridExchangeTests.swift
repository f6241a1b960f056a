#if Hybrid
    import AgentExchange
    import ExchangeTestKit
    import Foundation
    import HybridExchange
    import RabbitMQExchange
    import Testing

    @Suite(
        "Living processes talk directly, the broker keeps everything else",
        .serialized,
        .enabled(if: PrivateBroker.isInstalled, "\(PrivateBroker.missingReason)")
    )
    struct HybridExchangeTests {
        @Test("The first calls go through the broker, later ones directly")
        func rises() async throws {
            let scene = try await HybridScene()
            let (agent, user) = (try await scene.agent(), try await scene.user())
            let handle = user.handle(to: agent.registration.agentID)
            try await scene.rise(handle)
            for number in 1...200 {
                #expect(try await handle.action("echo", ActionArguments(number), returning: Int.self) == number)
            }
            #expect(await scene.isDirect)
            await user.close()
            await agent.close()
        }

        @Test("The requests that a closing agent holds are run by the next, as attempt 2")
        func agentCloses() async throws {
            let scene = try await HybridScene()
            let gate = Gate()
            let agent = try await scene.agent { request, _ in
                guard case .action(let name, _) = request.body else { return request.response() }
                if name == "wait" { await gate.pass() }
                return try request.response(encoding: request.attempt)
            }
            let user = try await scene.user()
            let handle = user.handle(to: agent.registration.agentID)
            try await scene.rise(handle)
            async let answer = handle.action("wait", try ActionArguments(0), returning: Int.self)
            try await gate.waitForVisitor()
            await agent.close()
            gate.open()
            let next = try await scene.server.makeAgentClient(agent.registration) { request, _ in
                try request.response(encoding: request.attempt)
            }
            #expect(try await answer == 2)
            await next.close()
            await user.close()
        }

        @Test("Terminating answers every request that went directly")
        func terminates() async throws {
            let scene = try await HybridScene()
            let gate = Gate()
            let agent = try await scene.agent { request, _ in
                guard case .action(let name, _) = request.body else { return request.response() }
                if name == "wait" { await gate.pass() }
                return try request.response(encoding: 0)
            }
            let user = try await scene.user()
            let handle = user.handle(to: agent.registration.agentID)
            try await scene.rise(handle)
            let outcomes = await withTaskGroup(of: ExchangeError.Code?.self) { group -> [ExchangeError.Code?] in
                for _ in 1...20 {
                    group.addTask {
                        do {
                            _ = try await handle.action("wait", ActionArguments(0), returning: Int.self)
                            return nil
                        } catch {
                            return (error as? ExchangeError)?.code
                        }
                    }
                }
                group.addTask {
                    do {
                        try await gate.waitForVisitor(20)
                        try await user.terminate(.agent(agent.registration.agentID))
                        return .mailboxTerminated
                    } catch {
                        return .internal
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes == Array(repeating: .mailboxTerminated, count: 21))
            gate.open()
            await #expect(throws: ExchangeError.self) {
                try await handle.action("wait", ActionArguments(0), returning: Int.self)
            }
            await agent.close()
            await user.close()
        }
    }
#endif
