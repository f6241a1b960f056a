import AgentExchange
import Foundation
internal import Primitives

/// Watching registrations and terminations.
enum ChangeCases {
    private static let subject = "changes"

    static let all = [
        ConformanceCase(subject, "a snapshot comes first, then who is registered and terminated, from everywhere") {
            scope in
            let (near, far) = (try await scope.user(), try await scope.user(elsewhere: true))
            let type = scope.type("Watched")
            let first = try await scope.register(by: near, type, name: "first")
            let second = try await scope.register(by: far, type)
            let gone = try await scope.register(by: near, type)
            try await far.terminate(.agent(gone.agentID))
            let watch = try await scope.watch(type, by: near)
            let third = try await scope.register(by: far, type, name: "third")
            try await near.terminate(.agent(second.agentID))
            let fourth = try await scope.register(by: near, type)
            try await far.terminate(.agent(fourth.agentID))
            let expected: [AgentChange] = [
                .snapshot([first, second]), .registered(third), .terminated(second), .registered(fourth),
                .terminated(fourth),
            ]
            try await scope.eventually("five changes") { watch.seen.count >= 5 }
            try await Task.sleep(for: scope.environment.quiet)
            // The acts of two sessions are ordered only for their caller, and may be reported in either order.
            try expectEqual(watch.seen.elements.first, expected.first, "the snapshot")
            try expectEqual(Set(watch.seen.elements), Set(expected), "the changes")
            try expectEqual(watch.seen.count, 5, "the number of changes")
        },
        ConformanceCase(subject, "subtypes are told of or not, as was asked for") { scope in
            let user = try await scope.user()
            let base = scope.type("Base")
            let sub = scope.type("Sub", parents: [base])
            let before = [try await scope.register(by: user, base), try await scope.register(by: user, sub)]
            let all = try await scope.watch(base, by: user)
            let exact = try await scope.watch(base, allowSubtypes: false, by: user)
            let after = [try await scope.register(by: user, sub), try await scope.register(by: user, base)]
            _ = try await scope.register(by: user, scope.type("Other"))
            for registration in before { try await user.terminate(.agent(registration.agentID)) }
            let expected: [AgentChange] = [
                .snapshot(before), .registered(after[0]), .registered(after[1]), .terminated(before[0]),
                .terminated(before[1]),
            ]
            try await scope.eventually("all changes") { all.seen.count >= 5 && exact.seen.count >= 3 }
            try await Task.sleep(for: scope.environment.quiet)
            try expectEqual(all.seen.elements, expected, "the changes with subtypes")
            let own: [AgentChange] = [.snapshot([before[0]]), .registered(after[1]), .terminated(before[0])]
            try expectEqual(exact.seen.elements, own, "the changes of exactly the type")
        },
        ConformanceCase(
            subject,
            "an agent whose registration has returned is in the snapshot, from anywhere",
            needs: [.severalProcesses]
        ) {
            scope in
            let (near, far) = (try await scope.user(), try await scope.user(elsewhere: true))
            for transport in [near, far] {
                let type = scope.type("Watched-\(transport.mailboxID.uuid)")
                let registration = try await scope.register(by: near, type)
                let watch = try await scope.watch(type, by: transport)
                try await scope.eventually("the snapshot") { watch.seen.count >= 1 }
                try expectEqual(watch.seen.elements, [.snapshot([registration])], "the snapshot")
            }
        },
        ConformanceCase(subject, "there is no gap and no double while many are registered", patience: { _ in 8 }) {
            scope in
            let users = [try await scope.user(), try await scope.user(elsewhere: true)]
            let type = scope.type("Many")
            let registered = Collected<AgentRegistration>()
            let watches = Collected<Watch>()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<50 {
                    group.addTask {
                        let agent = try await users[index % 2].registerAgent(type)
                        scope.keep(agent)
                        registered.add(agent)
                        if index % 12 == 5 { watches.add(try await scope.watch(type, by: users[index / 12 % 2])) }
                    }
                }
                try await group.waitForAll()
            }
            let agents = Set(registered.elements)
            for watch in watches.elements {
                try await scope.eventually("every agent to be seen") { watch.living == agents || watch.hasDouble }
                try expect(!watch.hasDouble, "no agent twice", seen: "\(watch.seen.elements)")
            }
            for (index, agent) in registered.elements.enumerated() {
                try await users[index / 2 % 2].terminate(.agent(agent.agentID))
            }
            for watch in watches.elements {
                try await scope.eventually("every agent to be gone", patience: 2) { watch.living.isEmpty }
                try expect(!watch.hasDouble, "no agent twice", seen: "\(watch.seen.elements)")
            }
        },
        ConformanceCase(subject, "watching ends when the transport closes, and when the task is cancelled") { scope in
            let (user, other) = (try await scope.user(), try await scope.user())
            let type = scope.type("Watched")
            let ending = try await scope.watch(type, by: user)
            let going = try await scope.watch(type, by: other)
            let leaving = try await scope.watch(type, by: other)
            try await scope.eventually("the snapshots") {
                [ending, going, leaving].allSatisfy { $0.seen.count == 1 }
            }
            await user.close()
            try await scope.wait(for: ending.ended, "the watching to end with its transport")
            leaving.task.cancel()
            try await scope.wait(for: leaving.ended, "the watching to end with its task")
            let registration = try await scope.register(by: other, type)
            try await scope.eventually("the other watch to go on") { going.seen.count == 2 }
            try expectEqual(going.seen.elements.last, .registered(registration), "what it sees")
            try expectEqual(ending.seen.count + leaving.seen.count, 2, "what the others have seen")
            try expect(!going.ended.isSet, "the other watch not to end")
            try expect([ending, leaving].allSatisfy { $0.error == nil }, "no error at the end")
            try await expectThrows(.closed, by: "watching by a closed transport") {
                _ = try await user.changes(typeNamed: type.name, allowSubtypes: true)
            }
        },
    ]
}

/// The changes that one watcher receives.
private final class Watch: Sendable {
    let seen: Collected<AgentChange>
    let ended: Signal
    let task: Task<Void, Never>
    private let errors: Collected<ExchangeError>

    init(_ changes: AgentChanges) {
        let (seen, ended, errors) = (Collected<AgentChange>(), Signal(), Collected<ExchangeError>())
        (self.seen, self.ended, self.errors) = (seen, ended, errors)
        task = Task {
            defer { ended.set() }
            do throws(ExchangeError) {
                for try await change in changes { seen.add(change) }
            } catch {
                errors.add(error)
            }
        }
    }

    var error: ExchangeError? { errors.elements.first }

    /// The agents that exist after all reported changes.
    var living: Set<AgentRegistration> { replay().living }

    /// Whether an agent came or went twice, or went before it came, or the snapshot is not first.
    var hasDouble: Bool { replay().hasDouble }

    private func replay() -> (living: Set<AgentRegistration>, hasDouble: Bool) {
        var living: Set<AgentRegistration> = []
        var gone: Set<AgentRegistration> = []
        var hasDouble = false
        for (index, change) in seen.elements.enumerated() {
            switch change {
            case .snapshot(let agents):
                living = Set(agents)
                hasDouble = hasDouble || index > 0 || living.count < agents.count
            case .registered(let agent):
                hasDouble = hasDouble || index == 0 || gone.contains(agent) || !living.insert(agent).inserted
            case .terminated(let agent):
                hasDouble = hasDouble || living.remove(agent) == nil
                gone.insert(agent)
            }
        }
        return (living, hasDouble)
    }
}

extension CaseScope {
    fileprivate func watch(
        _ type: AgentType,
        allowSubtypes: Bool = true,
        by transport: any ExchangeTransport,
        file: StaticString = #fileID,
        line: Int = #line
    ) async throws -> Watch {
        note(file, line)
        return Watch(
            try await withTimeout(environment.timeout, "watching to begin", file: file, line: line) {
                try await transport.changes(typeNamed: type.name, allowSubtypes: allowSubtypes)
            }
        )
    }
}
