import AgentExchange
import Foundation

/// Work groups: several transports receive from one mailbox at once.
enum GroupCases {
    private static let subject = "work groups"

    static let all = [
        ConformanceCase(subject, "every member is served, whatever its mode; each request reaches one of them") {
            scope in
            let user = try await scope.user()
            let group = try await scope.registerGroup(by: user)
            let members = [
                try await scope.agent(group, requestLimit: 1),
                try await scope.agent(group, elsewhere: true, requestLimit: 1),
                try await scope.agent(group, mode: .standby, requestLimit: 1),
            ]
            try await scope.eventually("three receivers") {
                try await user.details(of: .agent(group.agentID)).attachedConsumers == 3
            }
            var sent: Set<UUID> = []
            for _ in members { sent.insert(try await scope.ping(.agent(group.agentID), from: user).tag) }
            // Each takes one, and none takes a second before it answers.
            var held: [Request] = []
            for member in members { held.append(try await scope.receiveRequest(at: member)) }
            try expectEqual(Set(held.map(\.tag)), sent, "what the members hold")
            for (member, request) in zip(members, held) {
                try expectEqual(request.attempt, 1, "the attempt")
                try await scope.send(.response(request.response()), by: member)
            }
            for _ in members { sent.remove(try await scope.receiveResponse(at: user).tag) }
            try expectEqual(sent, [], "what was not answered")
            for transport in members + [user] { try await scope.expectNothing(at: transport) }
        },
        ConformanceCase(subject, "a member answers what it took, and not what another one took") { scope in
            let user = try await scope.user()
            let group = try await scope.registerGroup(by: user)
            let members = [
                try await scope.agent(group, requestLimit: 1), try await scope.agent(group, requestLimit: 1),
            ]
            for _ in members { try await scope.ping(.agent(group.agentID), from: user) }
            let held = [
                try await scope.receiveRequest(at: members[0]), try await scope.receiveRequest(at: members[1]),
            ]
            for (index, member) in members.enumerated() {
                try await scope.send(.response(held[index].response()), by: member)
                try expectEqual(try await scope.receiveResponse(at: user).tag, held[index].tag, "the answered request")
            }
            try await scope.expectNothing(at: user)
        },
        ConformanceCase(subject, "one that closes gives what it holds to another, as attempt 2", patience: { _ in 8 }) {
            scope in
            let user = try await scope.user()
            for elsewhere in [false, true] {
                let group = try await scope.registerGroup(by: user)
                let first = try await scope.agent(group, requestLimit: 1)
                let sent = try await scope.ping(first.mailboxID, from: user)
                try expectEqual(try await scope.receiveRequest(at: first), sent, "what the first one gets")
                let second = try await scope.agent(group, elsewhere: elsewhere, requestLimit: 1)
                try await scope.expectNothing(at: second)
                await first.close()
                let again = try await scope.receiveRequest(at: second)
                try expectEqual(again.tag, sent.tag, "what the other one gets")
                try expectEqual(again.attempt, 2, "its attempt")
                try await scope.send(.response(again.response()), by: second)
                try expectSuccess(try await scope.receiveResponse(at: user), answering: sent)
                try await scope.expectNothing(at: user)
            }
        },
        ConformanceCase(
            subject,
            "when all have closed, requests wait, and the next one gets them",
            needs: [.durable]
        ) { scope in
            let user = try await scope.user()
            let group = try await scope.registerGroup(by: user)
            let members = [try await scope.agent(group), try await scope.agent(group, elsewhere: true)]
            var sent: Set<UUID> = []
            for _ in 0..<6 { sent.insert(try await scope.ping(.agent(group.agentID), from: user).tag) }
            for member in members { await member.close() }
            for _ in 0..<4 { sent.insert(try await scope.ping(.agent(group.agentID), from: user).tag) }
            let next = try await scope.agent(group)
            for _ in sent {
                let request = try await scope.receiveRequest(at: next)
                try await scope.send(.response(request.response()), by: next)
            }
            var left = sent
            for _ in sent { left.remove(try await scope.receiveResponse(at: user).tag) }
            try expectEqual(left, [], "what was not answered")
            try await scope.expectNothing(at: user)
        },
        ConformanceCase(
            subject,
            "members join and leave under load: no request is lost, and none runs twice",
            patience: { _ in 12 }
        ) { scope in
            let user = try await scope.userClient()
            let group = try await scope.registerGroup(by: user.transport)
            let runs = Collected<Int>()
            let handler: RequestHandler = { request, _ in
                guard case .action(_, let arguments) = request.body else { return request.response() }
                let number = try arguments.decode(Int.self)
                runs.add(number)
                try await Task.sleep(for: .milliseconds(number % 7))
                return try request.response(encoding: 2 * number)
            }
            let count = min(2000, scope.environment.scale.requestsInFlight)
            let handle = user.handle(to: group.agentID)
            let calls = Task {
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    for number in 0..<count {
                        if number >= 200 { try await tasks.next() }
                        tasks.addTask {
                            let result = try await handle.action("double", ActionArguments(number), returning: Int.self)
                            try expectEqual(result, 2 * number, "the result")
                        }
                    }
                    try await tasks.waitForAll()
                }
            }
            var members: [AgentExchangeClient] = []
            for index in 0..<8 {
                let elsewhere = index.isMultiple(of: 2)
                members.append(
                    try await scope.agentClient(group, elsewhere: elsewhere, requestLimit: 16, handler: handler)
                )
                if members.count > 2 {
                    // It ends the running requests, and gives the others back.
                    let leaving = members.removeFirst()
                    await leaving.drain(grace: scope.environment.timeout)
                    await leaving.close()
                }
            }
            try await withTimeout(scope.environment.timeout * 8, "all calls to end") { try await calls.value }
            try expectEqual(runs.elements.sorted(), Array(0..<count), "the requests that ran")
        },
        ConformanceCase(subject, "terminating it ends every member, and answers each request once") { scope in
            let user = try await scope.user()
            let group = try await scope.registerGroup(by: user)
            var members: [any ExchangeTransport] = []
            for index in 0..<4 {
                members.append(try await scope.agent(group, elsewhere: index >= 2, requestLimit: 2))
            }
            var sent: Set<UUID> = []
            for _ in 0..<40 { sent.insert(try await scope.ping(.agent(group.agentID), from: user).tag) }
            for member in members {
                let request = try await scope.receiveRequest(at: member)
                _ = try await scope.receiveRequest(at: member)
                // One that was answered gets no second answer.
                try await scope.send(.response(request.response()), by: member)
                try expectSuccess(try await scope.receiveResponse(at: user), answering: request)
                sent.remove(request.tag)
            }
            try await withTimeout(scope.environment.timeout, "terminate to return") {
                try await user.terminate(.agent(group.agentID))
            }
            for member in members {
                try await expectThrows(.mailboxTerminated, by: "receiving after the end") {
                    while true { _ = try await member.receive(timeout: scope.environment.timeout) }
                }
            }
            try await scope.expectTerminated(sent, at: user)
            try await expectThrows(.badEntityID, by: "joining a terminated group") { _ = try await scope.agent(group) }
        },
        ConformanceCase(subject, "cancelling a call reaches the member that runs it, and no other") { scope in
            let user = try await scope.userClient()
            let group = try await scope.registerGroup(by: user.transport)
            let agents = [StuckAction(), StuckAction(), StuckAction()]
            for (index, agent) in agents.enumerated() {
                _ = try await scope.agentClient(
                    group,
                    elsewhere: index > 0,
                    requestLimit: 1,
                    handler: agent.handler
                )
            }
            let handle = user.handle(to: group.agentID)
            var calls: [Task<Payload?, any Error>] = []
            for index in agents.indices {
                calls.append(Task { try await handle.action("stick") })
                try await scope.eventually("\(index + 1) actions to run") {
                    agents.count { $0.started.isSet } == index + 1
                }
            }
            for (index, call) in calls.enumerated() {
                call.cancel()
                try await expectThrows(.cancelled, by: "a cancelled call") {
                    _ = try await scope.value(of: call, "the call to end")
                }
                try await scope.eventually("\(index + 1) actions to be cancelled") {
                    agents.count { $0.cancelled.isSet } == index + 1
                }
            }
        },
        ConformanceCase(subject, "a stream comes from one member, with its credit", patience: { _ in 8 }) { scope in
            let user = try await scope.userClient()
            let group = try await scope.registerGroup(by: user.transport)
            for index in 0..<3 {
                _ = try await scope.agentClient(group, elsewhere: index > 0, handler: StreamingAgent().handler)
            }
            let handle = user.handle(to: group.agentID)
            for _ in 0..<4 {
                let count = 2 * RemoteHandle.streamWindow + 1
                let result = try await scope.ending { try await handle.numbers("count", count) }
                try expectEqual(result.error?.code, nil, "the error of the stream")
                try expectEqual(result.numbers, Array(0..<count), "the parts")
            }
        },
        ConformanceCase(subject, "a broadcast reaches a group once, whatever the number of its members") { scope in
            let user = try await scope.userClient()
            let type = scope.type("Asked")
            let group = try await scope.registerGroup(by: user.transport, type)
            let alone = try await scope.register(by: user.transport, type)
            let runs = Collected<AgentID>()
            for (index, registration) in [group, group, group, alone].enumerated() {
                let handler: RequestHandler = { request, client in
                    if case .action = request.body { runs.add(registration.agentID) }
                    return try await TestHandlers.double(request, client)
                }
                _ = try await scope.agentClient(registration, elsewhere: index.isMultiple(of: 2), handler: handler)
            }
            let answers = try await user.askAll(
                "double",
                ActionArguments(21),
                ofType: type,
                allowSubtypes: true,
                deadline: scope.environment.timeout
            )
            try expectEqual(try await scope.collect(answers).count, 2, "the number of answers")
            try expectEqual(Set(runs.elements), [group.agentID, alone.agentID], "the agents that ran it")
            try expectEqual(runs.count, 2, "the number of runs")
        },
        ConformanceCase(subject, "an answer reaches the member that asked") { scope in
            let user = try await scope.userClient()
            let bank = try await scope.serve(for: user, handler: TestHandlers.double)
            let group = try await scope.registerGroup(by: user.transport)
            for index in 0..<4 {
                _ = try await scope.agentClient(group, elsewhere: index >= 2, requestLimit: 4) { request, client in
                    guard case .action(_, let arguments) = request.body else { return request.response() }
                    let number = try arguments.decode(Int.self)
                    let handle = client.handle(to: bank.agentID)
                    return try request.response(
                        encoding: try await handle.action("double", ActionArguments(number), returning: Int.self)
                    )
                }
            }
            let handle = user.handle(to: group.agentID)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for number in 0..<60 {
                    tasks.addTask {
                        let result = try await handle.action("ask", ActionArguments(number), returning: Int.self)
                        try expectEqual(result, 2 * number, "the result")
                    }
                }
                try await tasks.waitForAll()
            }
        },
        ConformanceCase(subject, "a ping of a group is answered, and a shutdown ends every member") { scope in
            let user = try await scope.userClient()
            let group = try await scope.registerGroup(by: user.transport)
            let ended = Collected<Int>()
            for index in 0..<3 {
                _ = try await scope.agentClient(group, elsewhere: index > 0) { request, _ in
                    if case .shutdown = request.body { ended.add(index) }
                    return request.response()
                }
            }
            let handle = user.handle(to: group.agentID)
            _ = try await handle.ping(timeout: scope.environment.timeout)
            try await handle.shutdown(terminate: false)
            if scope.environment.capabilities.contains(.notices) {
                try await scope.eventually("all members to be told") { Set(ended.elements) == [0, 1, 2] }
            }
        },
        ConformanceCase(subject, "a registration says that it is one, and a name has one kind of agent") { scope in
            let user = try await scope.user()
            let (name, type) = (scope.name("shop"), scope.type("Shop"))
            let made = try await user.registration(named: name, type: type, sharing: .group)
            scope.keep(made)
            try expectEqual(made.sharing, .group, "the kind")
            let copy = try JSONDecoder().decode(AgentRegistration.self, from: try JSONEncoder().encode(made))
            try expectEqual(copy, made, "an encoded registration")
            let other = scope.factory(elsewhere: true)
            let again = try await other.registration(named: name, type: type, sharing: .group)
            try expectEqual(again, made, "the registration that is taken over")
            try await expectThrows(.nameInUse, by: "adopting it as an exclusive agent") {
                _ = try await other.registration(named: name, type: type)
            }
            var changes = try await scope.user(elsewhere: true)
                .changes(typeNamed: type.name, allowSubtypes: true)
                .makeAsyncIterator()
            try expectEqual(try await changes.next(isolation: nil), .snapshot([made]), "what a watcher sees")
            // A process that knows only the agent joins the group too.
            let first = try await scope.agent(AgentRegistration(agentID: made.agentID, type: type))
            let second = try await scope.agent(made, elsewhere: true)
            try await scope.eventually("two receivers") {
                try await user.details(of: first.mailboxID).attachedConsumers == 2
            }
            await second.close()
            try await scope.expectAlive(first, for: user)
            let alone = scope.name("alone")
            scope.keep(try await user.registration(named: alone, type: type))
            try await expectThrows(.nameInUse, by: "adopting an exclusive agent as a group") {
                _ = try await user.registration(named: alone, type: type, sharing: .group)
            }
        },
    ]
}

extension CaseScope {
    /// Registers a work group, by default of a type of its own.
    fileprivate func registerGroup(
        by transport: any ExchangeTransport,
        _ type: AgentType? = nil,
        file: StaticString = #fileID,
        line: Int = #line
    ) async throws -> AgentRegistration {
        note(file, line)
        let registration = try await transport.registerAgent(type ?? self.type("Group"), name: nil, sharing: .group)
        keep(registration)
        return registration
    }
}
