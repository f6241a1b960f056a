#if Hybrid
    import AgentExchange
    import ExchangeTestKit
    import Foundation
    import HybridExchange
    import RabbitMQExchange
    import Testing

    /// The whole contract of groups over direct ways is in ``HybridConformanceTests``.
    @Suite(
        "Members of a group and peers",
        .serialized,
        .enabled(if: PrivateBroker.isInstalled, "\(PrivateBroker.missingReason)")
    )
    struct HybridGroupTests {
        @Test(
            "Requests to a group and those of its members go through the broker, while other agents are asked directly"
        )
        func broker() async throws {
            // The broker counts the messages of classic queues at once.
            let scene = try await HybridScene(.single)
            let (bankGate, gate) = (Gate(), Gate())
            let bank = try await scene.agent { request, _ in
                guard case .action(let name, let arguments) = request.body else { return request.response() }
                let number = try arguments.decode(Int.self)
                if name == "wait" { await bankGate.pass() }
                return try request.response(encoding: number)
            }
            let user = try await scene.user()
            let (bankID, toBank) = (bank.registration.agentID, user.handle(to: bank.registration.agentID))
            try await scene.rise(toBank)
            let group = try await user.registerAgent(AgentType("Group"), sharing: .group)
            let runs = Monitor<[Int]>([])
            var members: [AgentExchangeClient] = []
            for exchange in [scene.caller, scene.server] {
                let member = try await scene.agent(for: group, on: exchange) { request, client in
                    guard case .action(let name, let arguments) = request.body else { return request.response() }
                    let number = try arguments.decode(Int.self)
                    runs.update { $0.append(number) }
                    if name == "wait" { await gate.pass() }
                    guard name == "ask" else { return try request.response(encoding: number) }
                    let answer = try await client.handle(to: bankID)
                        .action("wait", ActionArguments(number), returning: Int.self)
                    return try request.response(encoding: answer)
                }
                members.append(member)
            }
            let toGroup = user.handle(to: group.agentID)
            func ask(_ handle: RemoteHandle, _ action: String, _ numbers: Range<Int>) -> [Task<Int, any Error>] {
                numbers.map { number in
                    Task { try await handle.action(action, ActionArguments(number), returning: Int.self) }
                }
            }
            // The broker has each request until its member answers it.
            let waiting = ask(toGroup, "wait", 0..<6)
            try await gate.waitForVisitor(6)
            try await eventually("the broker to have them") { try await scene.load(of: group.agentID) == 6 }
            gate.open()
            for (number, call) in waiting.enumerated() { #expect(try await call.value == number) }
            // Those of a member too; another requester's of the same process goes directly.
            let direct = ask(toBank, "wait", 0..<3)
            try await bankGate.waitForVisitor(3)
            #expect(try await scene.load(of: bankID) == 0)
            let asking = ask(toGroup, "ask", 6..<10)
            try await bankGate.waitForVisitor(7)
            try await eventually("the broker to have those of members") { try await scene.load(of: bankID) == 4 }
            bankGate.open()
            for (number, call) in (direct + asking).enumerated() {
                #expect(try await call.value == (number < 3 ? number : number + 3))
            }
            for call in ask(toGroup, "echo", 10..<200) { _ = try await call.value }
            #expect(runs.value.sorted() == Array(0..<200), "each ran once")
            #expect(await scene.isDirect)
            for member in members { await member.close() }
            await bank.close()
            await user.close()
        }

        @Test("A member that is killed gives its requests to the others, beside peers that talk directly")
        func killed() async throws {
            let scene = try await HybridScene { $0.prefetch = 8 }
            let group = try await scene.server.registration(
                named: UUID().uuidString,
                type: AgentType("Group"),
                sharing: .group
            )
            let alone = try await scene.server.registration(named: UUID().uuidString, type: AgentType("Echo"))
            let process = try await scene.serve(alone)
            let user = try await scene.user()
            try await scene.riseToAgent(user.handle(to: alone.agentID))
            // The process that is asked directly is a member of the group too.
            try process.write("agent \(String(decoding: try JSONEncoder().encode(group), as: UTF8.self))")
            _ = try await process.line(timeout: .seconds(30)) { $0.hasPrefix("ready") }
            let handle = user.handle(to: group.agentID)
            let hanging = Task { try await handle.action("hang-once", returning: Int.self, deadline: .seconds(60)) }
            _ = try await process.line(timeout: .seconds(30)) { $0 == "working 1" }
            let other = try await scene.agent(for: group, on: scene.caller) { request, _ in
                guard case .action(let name, let arguments) = request.body else { return request.response() }
                if name == "hang-once" { return try request.response(encoding: request.attempt) }
                let number = try arguments.decode(Int.self)
                return try request.response(encoding: number)
            }
            let calls = (0..<100).map { number in
                Task {
                    let arguments = try ActionArguments(number)
                    return try await handle.action("count", arguments, returning: Int.self, deadline: .seconds(60))
                }
            }
            _ = try await process.line(timeout: .seconds(30)) { $0.hasPrefix("ran ") }
            process.signal(SIGKILL)
            try await process.waitForExit()
            #expect(try await hanging.value >= 2)
            for (number, call) in calls.enumerated() { #expect(try await call.value == number) }
            await other.close()
            await user.close()
        }
    }
#endif
