#if Hybrid
    import AgentExchange
    import ExchangeTestKit
    import Foundation
    import HybridExchange
    import RabbitMQExchange
    import Testing

    @Suite(
        "Direct ways that fail",
        .serialized,
        .enabled(if: PrivateBroker.isInstalled, "\(PrivateBroker.missingReason)")
    )
    struct HybridFaultTests {
        /// Calls an agent with numbers from several tasks while something happens to the network. Each call has its own answer,
        /// and the living agent runs each once.
        private func call(
            _ scene: HybridScene,
            _ count: Int,
            while disturb: @escaping @Sendable (RemoteHandle) async throws -> Void
        ) async throws {
            let runs = Monitor<[Int: Int]>([:])
            let agent = try await scene.agent { request, _ in
                guard case .action(_, let arguments) = request.body else { return request.response() }
                let number: Int = try arguments.decode(Int.self)
                runs.update { $0[number, default: 0] += 1 }
                return try request.response(encoding: number)
            }
            let user = try await scene.user()
            let handle = user.handle(to: agent.registration.agentID)
            try await scene.rise(handle)
            let tasks = 8
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<tasks {
                    group.addTask {
                        for step in 0..<count {
                            let number = 1 + step * tasks + task
                            let answer = try await handle.action(
                                "echo",
                                ActionArguments(number),
                                returning: Int.self,
                                deadline: .seconds(60)
                            )
                            #expect(answer == number)
                        }
                    }
                }
                group.addTask { try await disturb(handle) }
                try await group.waitForAll()
            }
            let twice = runs.value.filter { $0.key != 0 && $0.value != 1 }
            #expect(twice.isEmpty, "numbers that did not run once")
            #expect(runs.value.filter { $0.key != 0 }.count == count * tasks)
            await agent.close()
            await user.close()
        }

        @Test(
            "Connections that are reset again and again lose nothing, and nothing runs twice",
            arguments: [DirectConfiguration.Durability.requester, .broker]
        )
        func resets(_ durability: DirectConfiguration.Durability) async throws {
            let (scene, proxy) = try await HybridScene.proxied(durability: durability)
            try await call(scene, 100) { handle in
                for _ in 1...6 {
                    try await proxy.resetConnections()
                    try await scene.rise(handle)
                }
            }
            await proxy.stop()
        }

        @Test(
            "From a reset to the first answer through the broker it takes little more than such a call",
            .enabled(if: LongForm.isWanted, "waits for pauses between dials: make test-long")
        )
        func afterReset() async throws {
            let (scene, proxy) = try await HybridScene.proxied()
            let agent = try await scene.agent()
            let user = try await scene.user()
            let handle = user.handle(to: agent.registration.agentID)
            func call() async throws -> Duration {
                let began = ContinuousClock.now
                #expect(try await handle.action("echo", ActionArguments(3), returning: Int.self) == 3)
                return began.duration(to: .now)
            }
            var usual: [Duration] = []
            try await proxy.set(.refuse)
            for _ in 1...9 { usual.append(try await call()) }
            try await proxy.set(.pass)
            var after: [Duration] = []
            for _ in 1...9 {
                try await scene.rise(handle)
                // The next connection is not there yet.
                try await proxy.set(.refuse)
                let began = ContinuousClock.now
                try await proxy.resetConnections()
                _ = try await call()
                after.append(began.duration(to: .now))
                #expect(await !scene.isDirect)
                try await proxy.set(.pass)
            }
            let (before, then) = (usual.sorted()[4], after.sorted()[4])
            print("median of a call through the broker: \(before); from a reset to such an answer: \(then)")
            // A silent peer would be given up after 10 s, and a lane that waits for a marker after 100 ms.
            #expect(then < .seconds(1))
            await agent.close()
            await user.close()
            await proxy.stop()
        }

        @Test("A connection that is cut inside a frame uses nothing of that frame", arguments: [0, 1])
        func cuts(_ parity: Int) async throws {
            let (scene, proxy) = try await HybridScene.proxied()
            try await call(scene, 60) { handle in
                for bytes in stride(from: 1 + parity, to: 600, by: 120) {
                    try await proxy.cut(afterBytes: bytes, parity == 0 ? .toTarget : .toClient)
                    let before = proxy.statistics.accepted
                    try await eventually("another connection", timeout: .seconds(60)) {
                        _ = try await handle.action("echo", ActionArguments(0), returning: Int.self)
                        return proxy.statistics.accepted > before ? true : nil
                    }
                    try await scene.rise(handle)
                }
            }
            await proxy.stop()
        }

        @Test(
            "A peer that falls silent is given up, and its messages go through the broker",
            arguments: [FaultProxy.Directions.toTarget, .toClient, .both]
        )
        func silent(_ directions: FaultProxy.Directions) async throws {
            let (scene, proxy) = try await HybridScene.proxied(keepAlive: .milliseconds(300))
            try await call(scene, 30) { handle in
                try await proxy.set(.drop(directions))
                try await eventually("the end of the direct way") {
                    await scene.caller.directPeers.isEmpty ? true : nil
                }
                #expect(try await handle.action("echo", ActionArguments(0), returning: Int.self) == 0)
                try await proxy.set(.pass)
                try await scene.rise(handle)
            }
            await proxy.stop()
        }

        @Test("Requests arrive in the order of sending while the way changes")
        func order() async throws {
            let (scene, proxy) = try await HybridScene.proxied()
            let seen = Monitor<[Int]>([])
            let agent = try await scene.agent { request, _ in
                guard case .action(_, let arguments) = request.body else { return request.response() }
                let number: Int = try arguments.decode(Int.self)
                return try request.response(encoding: number)
            }
            let user = try await scene.user()
            let handle = user.handle(to: agent.registration.agentID)
            try await scene.rise(handle)
            await agent.close()
            let transport = try await scene.server.makeAgentTransport(agent.registration)
            let sender = try await scene.caller.makeUserTransport(name: nil)
            let count = LongForm.isWanted ? 10_000 : 2000
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    while seen.value.count < count {
                        guard case .request(let request) = try await transport.receive(timeout: .seconds(60)),
                            case .action(_, let arguments) = request.body
                        else { continue }
                        let number: Int = try arguments.decode(Int.self)
                        seen.update { $0.append(number) }
                        try await transport.send(.response(try request.response(encoding: number)))
                    }
                }
                group.addTask {
                    for number in 1...count {
                        let request = try Request(
                            from: sender.mailboxID,
                            to: transport.mailboxID,
                            .action(name: "echo", arguments: ActionArguments(number))
                        )
                        try await sender.send(.request(request))
                        if number.isMultiple(of: count / 5) { try await proxy.resetConnections() }
                    }
                }
                group.addTask {
                    for _ in 1...count { _ = try await sender.receive(timeout: .seconds(60)) }
                }
                try await group.waitForAll()
            }
            #expect(seen.value == Array(1...count))
            await sender.close()
            await transport.close()
            await user.close()
            await proxy.stop()
        }

        @Test(
            "The parts of streams arrive once and in order while connections are reset, and late cancels are heard",
            arguments: [DirectConfiguration.Durability.requester, .broker]
        )
        func streams(_ durability: DirectConfiguration.Durability) async throws {
            let (scene, proxy) = try await HybridScene.proxied(durability: durability)
            let begun = Monitor(0)
            let cancelled = Monitor(0)
            let agent = try await scene.agent { request, client in
                guard case .action(let name, let arguments) = request.body else { return request.response() }
                let count = try arguments.decode(Int.self)
                guard name == "count" || name == "stick" else { return try request.response(encoding: count) }
                return try await withTaskCancellationHandler {
                    for number in 0..<count {
                        try await client.send(part: try Payload(encoding: number), of: request)
                    }
                    if name == "stick" {
                        begun.update { $0 += 1 }
                        try await Task.sleep(for: .seconds(3600))
                    }
                    return try request.response(encoding: client.partCount(of: request))
                } onCancel: {
                    cancelled.update { $0 += 1 }
                }
            }
            let user = try await scene.user()
            let handle = user.handle(to: agent.registration.agentID)
            try await scene.rise(handle)
            let count = 1500
            let pulled = Monitor([Int](repeating: 0, count: 4))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for stream in 0..<4 {
                    group.addTask {
                        var numbers: [Int] = []
                        for try await part in handle.stream("count", try ActionArguments(count), deadline: .seconds(60))
                        {
                            numbers.append(try part.decode(Int.self))
                            pulled.update { $0[stream] += 1 }
                        }
                        #expect(numbers == Array(0..<count), "\(numbers.count) parts")
                    }
                }
                group.addTask {
                    for round in 1...4 {
                        try await pulled.wait(for: "many parts", timeout: .seconds(60)) {
                            $0.allSatisfy { $0 >= round * count / 5 } ? true : nil
                        }
                        try await proxy.resetConnections()
                    }
                }
                try await group.waitForAll()
            }
            #expect(cancelled.value == 0)
            try await scene.rise(handle)
            let sticking = Task {
                for try await _ in handle.stream("stick", try ActionArguments(3), deadline: .seconds(60)) {}
            }
            try await begun.wait(for: "a stream", timeout: .seconds(30)) { $0 == 1 ? true : nil }
            try await proxy.resetConnections()
            sticking.cancel()
            try await cancelled.wait(for: "the cancel", timeout: .seconds(30)) { $0 == 1 ? true : nil }
            _ = await sticking.result
            await user.close()
            await agent.close()
            await proxy.stop()
        }

        @Test("A closed requester's requests are run, and their answers wait for its mailbox's next receiver")
        func requesterCloses() async throws {
            let scene = try await HybridScene()
            let gate = Gate()
            let agent = try await scene.agent { request, _ in
                guard case .action(let name, _) = request.body else { return request.response() }
                if name == "wait" { await gate.pass() }
                return try request.response(encoding: 7)
            }
            let registration = try await scene.caller.registration(named: UUID().uuidString, type: AgentType("Asker"))
            let asker = try await scene.caller.makeAgentClient(registration) { request, _ in request.response() }
            let handle = asker.handle(to: agent.registration.agentID)
            try await scene.rise(handle)
            let call = Task { try await handle.action("wait", returning: Int.self) }
            try await gate.waitForVisitor()
            await asker.close()
            _ = await call.result
            gate.open()
            let next = try await scene.caller.makeAgentTransport(registration)
            guard case .response(let response) = try await next.receive(timeout: .seconds(30)),
                case .success(let payload?) = response.outcome
            else {
                Issue.record("the next message is no result")
                return
            }
            #expect(try payload.decode(Int.self) == 7)
            await next.close()
            await agent.close()
        }
    }
#endif
