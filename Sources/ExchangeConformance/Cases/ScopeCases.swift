import AgentExchange
import Foundation
import Logging
internal import Primitives

/// Clients that live as long as a scope, and clients that are dropped.
enum ScopeCases {
    private static let subject = "scopes of clients"

    static let all = [
        ConformanceCase(subject, "a user's client lives as long as its scope, however that ends") { scope in
            let user = try await scope.user()
            let factory = scope.factory(elsewhere: true)
            let (id, status) = try await factory.withUserClient(configuration: scope.quietConfiguration) { client in
                (client.id, try await client.status(of: client.id))
            }
            try expectEqual(status, .active, "the status within the scope")
            try expectEqual(try await user.status(of: id), .terminated, "the status after the scope")
            let seen = Collected<EntityID>()
            do {
                try await factory.withUserClient(configuration: scope.quietConfiguration) { (client) -> Void in
                    seen.add(client.id)
                    throw Overdrawn(missing: 1)
                }
            } catch let error as Overdrawn {
                try expectEqual(error.missing, 1, "the error of the scope")
            }
            let configuration = scope.quietConfiguration
            let task = Task {
                try await factory.withUserClient(configuration: configuration) { client in
                    seen.add(client.id)
                    try await Signal().reach()
                }
            }
            try await scope.eventually("the second scope to begin") { seen.count == 2 }
            task.cancel()
            _ = await task.result
            for id in seen.elements { try expectEqual(try await user.status(of: id), .terminated, "the status") }
        },
        ConformanceCase(
            subject,
            "an agent's client serves as long as its scope, and leaves the mailbox",
            needs: [.durable]
        ) {
            scope in
            let user = try await scope.userClient()
            let registration = try await scope.register(by: user.transport)
            let handle = user.handle(to: registration.agentID)
            for elsewhere in [false, true] {
                let number = try await scope.factory(elsewhere: elsewhere).withAgentClient(
                    registration,
                    configuration: scope.quietConfiguration,
                    requestHandler: TestHandlers.double
                ) { _ in
                    try await handle.action("double", ActionArguments(21), returning: Int.self)
                }
                try expectEqual(number, 42, "the result of the scope")
                try expectEqual(try await user.status(of: registration.agentID), .active, "the status after it")
            }
        },
        ConformanceCase(subject, "a user's client that is dropped is warned of once, and its mailbox terminated") {
            scope in
            let user = try await scope.user()
            for startListener in [true, false] {
                let log = ConformanceLog()
                let id = try await dropped(scope, log, startListener: startListener)
                try await scope.eventually("the mailbox to be terminated") {
                    try await user.status(of: id) == .terminated
                }
                try expectEqual(log.records(from: .warning).count, 1, "the number of warnings")
            }
            let log = ConformanceLog()
            let client = try await scope.userClient(log.configuration(of: scope))
            await client.close()
            try expectEqual(log.records(from: .warning).count, 0, "the warnings about a client that was closed")
        },
        ConformanceCase(
            subject,
            "an agent's client that is dropped is warned of once, and another one can serve the mailbox",
            needs: [.durable]
        ) { scope in
            let user = try await scope.userClient()
            let registration = try await scope.register(by: user.transport)
            let log = ConformanceLog()
            _ = try await scope.factory(elsewhere: true).makeAgentClient(
                registration,
                configuration: log.configuration(of: scope),
                requestHandler: TestHandlers.double
            )
            let id = EntityID.agent(registration.agentID)
            try await scope.eventually("the mailbox to be let go of") {
                try await user.transport.details(of: id).attachedConsumers == 0
            }
            try expectEqual(log.records(from: .warning).count, 1, "the number of warnings")
            let handle = user.handle(to: registration.agentID)
            let call = Task { try await handle.action("double", ActionArguments(4), returning: Int.self) }
            _ = try await scope.agentClient(registration, handler: TestHandlers.double)
            try expectEqual(try await scope.value(of: call, "the call to end"), 8, "the result")
        },
        ConformanceCase(subject, "a handle keeps its user's client: calls, streams and questions to all end well") {
            scope in
            let user = try await scope.userClient()
            let type = scope.type("Streaming")
            let registration = try await scope.register(by: user.transport, type)
            let agent = StreamingAgent()
            _ = try await scope.agentClient(registration, elsewhere: true, handler: agent.handler)
            agent.release.set()
            let log = ConformanceLog()
            let (id, handle, answers) = try await left(scope, log, registration)
            _ = try await handle.action("wait")
            try expectEqual(try await handle.numbers("count", 40).numbers.count, 40, "the parts of a stream")
            try expectEqual(try await scope.collect(answers).count, 1, "the answers of all")
            try expectEqual(log.records(from: .warning).count, 0, "the number of warnings")
            withExtendedLifetime((handle, answers)) {}
        },
    ]

    private static func dropped(_ scope: CaseScope, _ log: ConformanceLog, startListener: Bool) async throws -> EntityID
    {
        let client = try await scope.factory(elsewhere: true).makeUserClient(
            startListener: startListener,
            configuration: log.configuration(of: scope)
        )
        return client.id
    }

    /// Drops a client, and returns its identity, a handle, and the answers to a question to all.
    private static func left(
        _ scope: CaseScope,
        _ log: ConformanceLog,
        _ registration: AgentRegistration
    ) async throws -> (EntityID, RemoteHandle, BroadcastAnswers) {
        let client = try await scope.factory(elsewhere: false).makeUserClient(
            configuration: log.configuration(of: scope)
        )
        let answers = try await client.askAll("wait", ofType: registration.type)
        return (client.id, client.handle(to: registration.agentID), answers)
    }
}
