import AgentExchange
import Foundation
internal import Primitives

/// Hints about requests in progress.
enum NoticeCases {
    private static let subject = "notices"

    static let all = [
        ConformanceCase(
            subject,
            "a cancel overtakes the hundreds of requests that wait in a full mailbox",
            patience: { _ in 10 }
        ) {
            scope in
            let user = try await scope.userClient()
            let crowd = try await scope.user()
            let agent = StreamingAgent()
            let handle = try await scope.serve(for: user, handler: agent.handler)
            let call = Task { try await handle.numbers("stick", 1) }
            try await scope.eventually("the action to start") { agent.sent.count == 1 }
            try await scope.fillMailbox(of: handle.agentID, by: crowd)
            call.cancel()
            // The agent takes nothing more from its mailbox until one of its actions ends.
            try await scope.wait(for: agent.cancelled, "the task of the action to be cancelled")
            agent.release.set()
        },
        ConformanceCase(subject, "a notice reaches the receiver as it was sent, once, and is not given back") { scope in
            let user = try await scope.user()
            let registration = try await scope.register(by: user)
            let agent = try await scope.agent(registration, elsewhere: true)
            let tag = UUID()
            for body in [Notice.Body.credit(7), .cancel, .ping, .shutdown(terminate: false), .shutdown(terminate: nil)]
            {
                let notice = Notice(from: user.mailboxID, to: agent.mailboxID, tag: tag, label: UUID(), body)
                try await scope.send(.notice(notice), by: user)
                try expectEqual(try await scope.receive(at: agent), .notice(notice), "a notice")
            }
            try await scope.expectNothing(at: agent)
            await agent.close()
            let next = try await scope.agent(registration)
            try await scope.expectNothing(at: next)
            try await scope.expectAlive(next, for: user)
        },
        ConformanceCase(subject, "however many pings are announced by notices, a bounded number is served at a time") {
            scope in
            let (client, crowd) = (try await scope.userClient(), try await scope.user())
            let (stuck, begun, release) = (StuckAction(), Collected<Void>(), Signal())
            let handle = try await scope.serve(for: client) { request, client in
                guard case .ping = request.body else { return try await stuck.handler(request, client) }
                begun.add(())
                try await release.reach()
                return request.response()
            }
            let agent = EntityID.agent(handle.agentID)
            let call = Task { try await handle.action("stick") }
            try await scope.wait(for: stuck.started, "the action to start")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<500 {
                    let notice = Notice(from: crowd.mailboxID, to: agent, tag: UUID(), label: UUID(), .ping)
                    group.addTask { try await scope.send(.notice(notice), by: crowd) }
                }
                try await group.waitForAll()
            }
            // The notice of this comes after all of the others.
            call.cancel()
            try await scope.wait(for: stuck.cancelled, "the action to be cancelled")
            try expect(begun.count <= 200, "at most 200 pings of 500 to be served", seen: "\(begun.count)")
            release.set()
            _ = try await handle.ping(timeout: scope.environment.timeout)
        },
        ConformanceCase(subject, "a notice to nobody is lost, and no error") { scope in
            let user = try await scope.user()
            let idle = try await scope.register(by: user)
            let gone = try await scope.register(by: user)
            try await user.terminate(.agent(gone.agentID))
            for agent in [idle.agentID, gone.agentID, AgentID()] {
                for body in [Notice.Body.credit(1), .cancel] {
                    let notice = Notice(from: user.mailboxID, to: .agent(agent), tag: UUID(), body)
                    try await scope.send(.notice(notice), by: user)
                }
            }
            let agent = try await scope.agent(idle, elsewhere: true)
            try await scope.expectNothing(at: agent)
            try await scope.expectAlive(agent, for: user)
        },
    ]
}
