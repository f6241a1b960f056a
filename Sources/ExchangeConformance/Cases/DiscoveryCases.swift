import AgentExchange
import Foundation

/// Finding agents by type and by name.
enum DiscoveryCases {
    private static let subject = "discovery"

    static let all = [
        ConformanceCase(subject, "a type is discovered exactly or with its subtypes, oldest first, by type or its name")
        {
            scope in
            let user = try await scope.user()
            let other = try await scope.user(elsewhere: true)
            let (a, b) = (scope.type("A"), scope.type("B"))
            let c = scope.type("C", parents: [b])
            let d = scope.type("D", parents: [c])
            let cid = try await scope.register(by: user, c).agentID
            let bid = try await scope.register(by: other, b).agentID
            let did = try await scope.register(by: user, d).agentID
            let second = try await scope.register(by: other, b).agentID
            for seenBy in [user, other] {
                try expectEqual(try await seenBy.discover(a), [], "agents of a type without any")
                try expectEqual(try await seenBy.discover(typeNamed: a.name, allowSubtypes: false), [], "and exactly")
                try expectEqual(try await seenBy.discover(b, allowSubtypes: false), [bid, second], "exactly B")
                try expectEqual(try await seenBy.discover(b), [cid, bid, did, second], "B with subtypes")
                try expectEqual(try await seenBy.discover(c), [cid, did], "C with subtypes")
                try expectEqual(try await seenBy.discover(c, allowSubtypes: false), [cid], "exactly C")
                try expectEqual(try await seenBy.discover(d, allowSubtypes: false), [did], "exactly D")
                let named = try await seenBy.discover(typeNamed: b.name, allowSubtypes: true)
                try expectEqual(named, [cid, bid, did, second], "B with subtypes, by its name")
            }
        },
        ConformanceCase(
            subject,
            "a terminated agent is not discovered any more, from anywhere, once terminate returned"
        ) {
            scope in
            let user = try await scope.user()
            let other = try await scope.user(elsewhere: true)
            let type = scope.type("Mortal")
            let name = scope.name("mortal")
            var alive: [AgentID] = []
            for _ in 0..<6 { alive.append(try await scope.register(by: user, type, name: name).agentID) }
            while !alive.isEmpty {
                let victim = alive.remove(at: alive.count / 2)
                try await (alive.count.isMultiple(of: 2) ? user : other).terminate(.agent(victim))
                for seenBy in [user, other] {
                    try expectEqual(try await seenBy.discover(type), alive, "the agents that are left, by type")
                    try expectEqual(try await seenBy.discover(named: name), alive, "the agents that are left, by name")
                }
            }
        },
        ConformanceCase(
            subject,
            "an agent is discovered from anywhere as soon as its registration has returned",
            needs: [.severalProcesses]
        ) {
            scope in
            let user = try await scope.user()
            let other = try await scope.user(elsewhere: true)
            let type = scope.type("Instant")
            var registered: [AgentID] = []
            for round in 0..<20 {
                let (here, there) = round.isMultiple(of: 2) ? (user, other) : (other, user)
                registered.append(try await scope.register(by: here, type).agentID)
                try expectEqual(try await there.discover(type), registered, "what is discovered at once")
            }
        },
        ConformanceCase(subject, "agents that are registered at the same time are all discovered") { scope in
            let users = [try await scope.user(), try await scope.user(elsewhere: true)]
            let type = scope.type("Crowd")
            let registered = try await withThrowingTaskGroup(of: AgentID.self) { group in
                for index in 0..<20 {
                    group.addTask { try await scope.register(by: users[index % 2], type).agentID }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            let seen = [try await users[0].discover(type), try await users[1].discover(type)]
            try expectEqual(Set(seen[0]), registered, "what is discovered")
            try expectEqual(seen[0].count, 20, "how many are discovered")
            try expectEqual(seen[1], seen[0], "what is discovered elsewhere, in the same order")
        },
        ConformanceCase(subject, "the root type finds every agent, and no users") { scope in
            let user = try await scope.user()
            let (one, two) = (scope.type("One"), scope.type("Two"))
            let first = try await scope.register(by: user, one).agentID
            let second = try await scope.register(by: user, scope.type("Three", parents: [two])).agentID
            let root = try await scope.register(by: user, .root).agentID
            let gone = try await scope.register(by: user, two).agentID
            try await user.terminate(.agent(gone))
            let seenBy = try await scope.user(elsewhere: true)
            let found = try await seenBy.discover(typeNamed: AgentType.rootName, allowSubtypes: true)
            let own = found.filter { [first, second, root, gone].contains($0) }
            try expectEqual(own, [first, second, root], "this case's agents among all agents")
            try expectEqual(Set(found).count, found.count, "the number of different agents")
            try expect(!found.contains { $0.uuid == user.mailboxID.uuid }, "no user to be discovered")
            let exact = try await seenBy.discover(.root, allowSubtypes: false)
            try expect(exact.contains(root), "an agent of the root type to be found exactly")
            try expect(!exact.contains(first), "an agent of another type not to be of exactly the root type")
        },
        ConformanceCase(subject, "an agent of a type with several parents is found once, by each of its ancestors") {
            scope in
            let user = try await scope.user()
            let top = scope.type("Top")
            let (left, right) = (scope.type("Left", parents: [top]), scope.type("Right", parents: [top]))
            let bottom = scope.type("Bottom", parents: [left, right])
            let agent = try await scope.register(by: user, bottom).agentID
            let seenBy = try await scope.user(elsewhere: true)
            for type in [top, left, right, bottom] {
                try expectEqual(try await seenBy.discover(type), [agent], "the agents of the type \(type)")
                let exact = try await seenBy.discover(type, allowSubtypes: false)
                try expectEqual(exact, type == bottom ? [agent] : [], "the agents of exactly the type \(type)")
            }
        },
        ConformanceCase(subject, "agents are discovered by display name, which is not the name of a type") { scope in
            let user = try await scope.user()
            let (name, type) = (scope.name("ann"), scope.type("Person"))
            let first = try await scope.register(by: user, type, name: name).agentID
            _ = try await scope.register(by: user, type, name: scope.name("bob"))
            _ = try await scope.register(by: user, type)
            let second = try await scope.register(by: user, scope.type("Robot"), name: name).agentID
            let seenBy = try await scope.user(elsewhere: true)
            let found = try await seenBy.discover(named: name)
            try expectEqual(found, [first, second], "the agents of a name")
            try expectEqual(found.map(\.name), [name, name], "the names of what is found")
            try expectEqual(try await seenBy.discover(named: scope.name("carl")), [], "the agents of an unused name")
            try expectEqual(try await seenBy.discover(named: type.name), [], "the agents named like a type")
            try expectEqual(
                try await seenBy.discover(typeNamed: name, allowSubtypes: true),
                [],
                "a type named like one"
            )
        },
        ConformanceCase(subject, "names of types and agents may hold any characters, and be long") { scope in
            let user = try await scope.user()
            let seenBy = try await scope.user(elsewhere: true)
            let names = [
                "a.b.c", "a.b", "a", "*", "#", "#.a", "with space", "tab\tline\nend", "per%cent %2E",
                "\u{1F409} drag\u{F6}n", "quote\"\\", "/", String(repeating: "long.", count: 60),
                String(repeating: "long.", count: 60) + "er",
            ].map(scope.name)
            var registered: [AgentID] = []
            for name in names {
                registered.append(try await scope.register(by: user, AgentType(name), name: name).agentID)
            }
            for (name, agent) in zip(names, registered) {
                try expectEqual(try await seenBy.discover(AgentType(name)), [agent], "agents of the type \(name)")
                try expectEqual(try await seenBy.discover(named: name), [agent], "agents named \(name)")
            }
            let tall = names.reduce(AgentType.root) { AgentType($1 + "x", parents: [$0]) }
            let bottom = try await scope.register(by: user, tall).agentID
            for name in tall.lineage.dropFirst() {
                let found = try await seenBy.discover(typeNamed: name, allowSubtypes: true)
                try expectEqual(found, [bottom], "the agent with a long line of ancestors, by \(name)")
            }
        },
        ConformanceCase(subject, "an agent without an owner is discovered, and one that closed still is") { scope in
            let user = try await scope.user()
            let type = scope.type("Absent")
            let registration = try await scope.register(by: user, type)
            try expectEqual(try await user.discover(type), [registration.agentID], "what is discovered before it opens")
            let agent = try await scope.agent(registration)
            await agent.close()
            try expectEqual(try await user.discover(type), [registration.agentID], "what is discovered after it closed")
        },
    ]
}
