import AgentExchange
import Foundation

/// Registering several agents at once, and passing registrations and factories to others.
enum RegistrationCases {
    private static let subject = "registration"

    static let all = [
        ConformanceCase(subject, "a batch registers its agents in the given order, each with its type and name") {
            scope in
            let user = try await scope.user()
            let (one, two) = (scope.type("One"), scope.type("Two"))
            let wanted = [AgentToRegister(two), AgentToRegister(one, name: "ann"), AgentToRegister(two, name: "bob")]
            let made = try await user.registerAgents(wanted)
            for registration in made { scope.keep(registration) }
            try expectEqual(made.map(\.type), wanted.map(\.type), "the types")
            try expectEqual(made.map(\.agentID.name), wanted.map(\.name), "the names")
            try expectEqual(Set(made.map(\.agentID)).count, 3, "the number of different agents")
            let found = try await scope.user(elsewhere: true).discover(two)
            try expectEqual(found, [made[0].agentID, made[2].agentID], "the discovered agents")
            for registration in made {
                let id = EntityID.agent(registration.agentID)
                try expectEqual(try await user.status(of: id), .active, "the status of an agent of the batch")
            }
        },
        ConformanceCase(subject, "an empty batch registers nothing") { scope in
            let made = try await scope.user().registerAgents([])
            try expect(made.isEmpty, "no registrations", seen: "\(made)")
        },
        ConformanceCase(subject, "a batch that fails terminates what it had registered, and throws why") { scope in
            let user = try await scope.user()
            let type = scope.type("Batch")
            let stumbling = StumblingTransport(user, failingAfter: 2)
            try await expectThrows(.unavailable, by: "a batch whose third registration fails") {
                _ = try await stumbling.registerAgents(Array(repeating: AgentToRegister(type), count: 4))
            }
            let registered = stumbling.registered.elements
            try expectEqual(registered.count, 2, "how many were registered before the failure")
            for agent in registered {
                try expectEqual(try await user.status(of: .agent(agent)), .terminated, "the status of a registered one")
            }
            let found = try await scope.user(elsewhere: true).discover(type)
            try expect(found.isEmpty, "none of them to be discovered", seen: "\(found)")
        },
        ConformanceCase(subject, "a batch that is cancelled leaves none of its agents") { scope in
            let user = try await scope.user()
            let type = scope.type("Batch")
            let batch = Task { try await user.registerAgents(Array(repeating: AgentToRegister(type), count: 100)) }
            try await scope.eventually("the first to be registered") { try await !user.discover(type).isEmpty }
            batch.cancel()
            if case .success(let made) = await batch.result {
                // It was quicker than the cancellation.
                for registration in made { scope.keep(registration) }
                return
            }
            let other = try await scope.user(elsewhere: true)
            try await scope.eventually("none of them to be discovered") { try await other.discover(type).isEmpty }
        },
        ConformanceCase(subject, "a registration that was encoded and decoded opens the agent's mailbox") { scope in
            let user = try await scope.user()
            let parent = scope.type("Parent")
            let made = try await scope.register(by: user, scope.type("Child", parents: [parent]), name: "ann")
            let decoded = try JSONDecoder().decode(AgentRegistration.self, from: JSONEncoder().encode(made))
            try expectEqual(decoded, made, "the decoded registration")
            let agent = try await scope.agent(decoded, elsewhere: true)
            try expectEqual(agent.mailboxID, .agent(made.agentID), "whose mailbox it is")
            try await scope.expectAlive(agent, for: user)
        },
        ConformanceCase(
            subject,
            "a factory that was encoded and decoded joins the same exchange, and is small",
            needs: [.severalProcesses]
        ) {
            scope in
            let user = try await scope.user()
            let registration = try await scope.register(by: user)
            for factory in [scope.environment.factory, user.factory(), try await scope.agent(registration).factory()] {
                let (decoded, size) = try recoded(factory)
                try expect(size <= 4096, "an encoded factory to have 4096 bytes at most", seen: "\(size)")
                let joined = scope.keep(try await decoded.makeUserTransport(name: "joined"))
                let agent = EntityID.agent(registration.agentID)
                try expectEqual(
                    try await joined.status(of: agent),
                    .active,
                    "the status, seen from the decoded factory"
                )
                try expectEqual(try await user.status(of: joined.mailboxID), .active, "the status of who joined")
                let sent = try await scope.ping(user.mailboxID, from: joined)
                let received = try await scope.receiveRequest(at: user)
                try expectEqual(received, sent, "what was sent from there")
                try await scope.send(.response(received.response()), by: user)
                try expectSuccess(try await scope.receiveResponse(at: joined), answering: sent)
            }
        },
        ConformanceCase(subject, "a user has a mailbox of its own, and the name it was given") { scope in
            let ann = scope.keep(try await scope.environment.factory.makeUserTransport(name: "ann"))
            let namesake = scope.keep(try await scope.environment.factory.makeUserTransport(name: "ann"))
            let nameless = try await scope.user()
            try expectEqual(ann.mailboxID.role, .user, "the role of a user")
            try expectEqual(ann.mailboxID.name, "ann", "the name of a user")
            try expectEqual(nameless.mailboxID.name, nil, "the name of a user without one")
            try expect(ann.mailboxID != namesake.mailboxID, "two users of one name to have two mailboxes")
        },
    ]

    private static func recoded<Factory: ExchangeFactory>(_ factory: Factory) throws -> (any ExchangeFactory, Int) {
        let encoded = try JSONEncoder().encode(factory)
        return (try JSONDecoder().decode(Factory.self, from: encoded), encoded.count)
    }
}
