import AgentExchange

/// Finding the agent of a name again, or registering it once.
enum AdoptionCases {
    private static let subject = "adoption"

    static let all = [
        ConformanceCase(subject, "an agent that is not there is registered, and found by its name and type") { scope in
            let user = try await scope.user()
            let (name, type) = (scope.name("bank"), scope.type("Bank", parents: [scope.type("Firm")]))
            let made = try await scope.adopt(by: user, name, type)
            try expectEqual(made.agentID.name, name, "the name")
            try expectEqual(made.type, type, "the type")
            let elsewhere = try await scope.user(elsewhere: true)
            try expectEqual(try await elsewhere.discover(named: name), [made.agentID], "who has the name")
            try expectEqual(try await elsewhere.discover(type), [made.agentID], "who is of the type")
            try await scope.expectAlive(try await scope.agent(made), for: user)
        },
        ConformanceCase(subject, "one that is there is taken over, with what waits in its mailbox", needs: [.durable]) {
            scope in
            let (name, type) = (scope.name("bank"), scope.type("Bank"))
            let user = try await scope.user()
            let made = try await scope.register(by: user, type, name: name)
            let first = try await scope.agent(made)
            let sent = try await scope.ping(first.mailboxID, from: user)
            await first.close()
            // The service restarts elsewhere, and knows only its name.
            let again = try await scope.factory(elsewhere: true).registration(named: name, type: type)
            try expectEqual(again.agentID, made.agentID, "the agent that is taken over")
            let second = try await scope.agent(again, elsewhere: true)
            try expectEqual(try await scope.receiveRequest(at: second).tag, sent.tag, "what came meanwhile")
            try expectEqual(try await user.discover(type), [made.agentID], "who is of the type")
        },
        ConformanceCase(subject, "of many at the same time all get the same agent, and no other stays") { scope in
            let type = scope.type("Bank")
            let users = [try await scope.user(), try await scope.user(elsewhere: true)]
            for round in 1...5 {
                let name = scope.name("bank-\(round)")
                let found = try await withThrowingTaskGroup(of: AgentID.self) { group in
                    for number in 0..<8 {
                        group.addTask { try await scope.adopt(by: users[number % 2], name, type).agentID }
                    }
                    return try await group.reduce(into: [AgentID]()) { $0.append($1) }
                }
                try expectEqual(Set(found).count, 1, "the number of agents that eight callers got")
                for user in users {
                    try expectEqual(try await user.discover(named: name), [found[0]], "who has the name")
                }
                try expectEqual(try await users[0].status(of: .agent(found[0])), .active, "the status of that one")
            }
        },
        ConformanceCase(
            subject,
            "two replicas that start at the same time share a mailbox: one serves, one stands by",
            needs: [.standby]
        ) {
            scope in
            let (name, type) = (scope.name("bank"), scope.type("Bank"))
            let user = try await scope.userClient()
            async let left = scope.factory(elsewhere: false).registration(named: name, type: type)
            async let right = scope.factory(elsewhere: true).registration(named: name, type: type)
            let (one, two) = try await (left, right)
            scope.keep(one)
            scope.keep(two)
            try expectEqual(one.agentID, two.agentID, "the agent of both")
            let first = try await scope.agentClient(one, mode: .standby) { request, _ in request.response() }
            _ = try await scope.agentClient(two, elsewhere: true, mode: .standby) { request, _ in request.response() }
            _ = try await user.handle(to: one.agentID).ping(timeout: scope.environment.timeout)
            await first.close()
            _ = try await user.handle(to: one.agentID).ping(timeout: scope.environment.timeout)
        },
        ConformanceCase(subject, "the name of an agent of another type is refused, and registers nobody") { scope in
            let user = try await scope.user()
            let name = scope.name("bank")
            let (parent, child) = (scope.type("Firm"), scope.type("Bank", parents: [scope.type("Firm")]))
            let made = try await scope.register(by: user, child, name: name)
            for wrong in [scope.type("Shop"), parent, scope.type("Branch", parents: [child])] {
                let error = try await expectThrows(.nameInUse, by: "the name of an agent of another type") {
                    _ = try await user.registration(named: name, type: wrong)
                }
                try expectEqual(error.entity, .agent(made.agentID), "whose name it is")
                try expectUndelivered(error)
            }
            try expectEqual(try await user.discover(named: name), [made.agentID], "who has the name")
        },
        ConformanceCase(subject, "two types at the same time: one is registered, the other is told") { scope in
            let users = [try await scope.user(), try await scope.user(elsewhere: true)]
            let types = [scope.type("One"), scope.type("Two")]
            let name = scope.name("bank")
            let results = await withTaskGroup(of: Result<AgentID, ExchangeError>.self) { group in
                for number in 0..<2 {
                    group.addTask {
                        do throws(ExchangeError) {
                            return .success(try await scope.adopt(by: users[number], name, types[number]).agentID)
                        } catch {
                            return .failure(error)
                        }
                    }
                }
                return await group.reduce(into: [Result<AgentID, ExchangeError>]()) { $0.append($1) }
            }
            let found = results.compactMap { try? $0.get() }
            try expectEqual(found.count, 1, "how many of the two got an agent")
            for case .failure(let error) in results {
                try expectEqual(error.code, .nameInUse, "what the other is told")
            }
            try expectEqual(try await users[0].discover(named: name), found, "who has the name")
        },
        ConformanceCase(subject, "one that was terminated is replaced, and stays terminated") { scope in
            let user = try await scope.user()
            let (name, type) = (scope.name("bank"), scope.type("Bank"))
            let first = try await scope.adopt(by: user, name, type)
            try await user.terminate(.agent(first.agentID))
            let second = try await scope.adopt(by: try await scope.user(elsewhere: true), name, type)
            try expect(second.agentID != first.agentID, "another agent after the first was terminated")
            try expectEqual(try await user.status(of: .agent(first.agentID)), .terminated, "the status of the first")
            try expectEqual(try await user.status(of: .agent(second.agentID)), .active, "the status of the second")
            try expectEqual(try await user.discover(named: name), [second.agentID], "who has the name")
        },
        ConformanceCase(subject, "of several with one name the oldest is taken over, and the others stay") { scope in
            let user = try await scope.user()
            let (name, type) = (scope.name("bank"), scope.type("Bank"))
            let oldest = try await scope.register(by: user, type, name: name)
            let younger = try await scope.register(by: user, type, name: name)
            let found = try await scope.adopt(by: try await scope.user(elsewhere: true), name, type)
            try expectEqual(found.agentID, oldest.agentID, "the agent that is taken over")
            try expectEqual(
                try await user.discover(named: name),
                [oldest.agentID, younger.agentID],
                "who has the name"
            )
        },
        ConformanceCase(subject, "a name or a type that is not valid is refused") { scope in
            let user = try await scope.user()
            try await expectThrows(.invalidMessage, by: "a name that is too long") {
                _ = try await user.registration(named: String(repeating: "n", count: 5000), type: scope.type("Bank"))
            }
            try await expectThrows(.invalidMessage, by: "a type without a name") {
                _ = try await user.registration(named: scope.name("bank"), type: AgentType(""))
            }
        },
    ]
}

extension CaseScope {
    /// Takes over or registers an agent, and removes it with the case.
    fileprivate func adopt(
        by transport: any ExchangeTransport,
        _ name: String,
        _ type: AgentType,
        file: StaticString = #fileID,
        line: Int = #line
    ) async throws(ExchangeError) -> AgentRegistration {
        note(file, line)
        let registration = try await transport.registration(named: name, type: type)
        keep(registration)
        return registration
    }
}
