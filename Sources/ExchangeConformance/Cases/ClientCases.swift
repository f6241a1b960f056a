import AgentExchange
import Foundation
import Logging
internal import Primitives

/// The clients of users and of agents.
enum ClientCases {
    private static let subject = "clients"

    static let all = [
        ConformanceCase(subject, "a client registers, discovers, asks for the status, and terminates") { scope in
            let user = try await scope.userClient()
            let (type, name) = (scope.type("Worker"), scope.name("ann"))
            let made = try await user.registerAgent(type, name: name)
            scope.keep(made)
            let batch = try await user.registerAgents([AgentToRegister(type), AgentToRegister(type, name: name)])
            for registration in batch { scope.keep(registration) }
            let agents = [made.agentID] + batch.map(\.agentID)
            let other = try await scope.userClient(elsewhere: true, startListener: false)
            try expectEqual(try await other.discover(type), agents, "the agents of the type")
            try expectEqual(try await other.discover(typeNamed: type.name), agents, "the agents of the type's name")
            try expectEqual(try await other.discover(named: name), [agents[0], agents[2]], "the agents of the name")
            try expectEqual(try await other.status(of: made.agentID), .active, "the status")
            try await other.terminate(made.agentID)
            try expectEqual(try await user.status(of: made.agentID), .terminated, "the status after termination")
            try expectEqual(try await user.status(of: AgentID()), .missing, "the status of an agent that never was")
            let third = try await user.factory().makeUserTransport(name: nil)
            scope.keep(third)
            try expectEqual(try await third.discover(type), Array(agents.dropFirst()), "what is left")
        },
        ConformanceCase(subject, "closing a user's client terminates its mailbox; closing it twice is fine") { scope in
            let user = try await scope.user()
            for startListener in [true, false] {
                let client = try await scope.userClient(elsewhere: true, startListener: startListener)
                try expectEqual(try await user.status(of: client.id), .active, "the status while it is open")
                await client.close()
                await client.close()
                try expectEqual(try await user.status(of: client.id), .terminated, "the status after it closed")
                try await expectThrows(.mailboxTerminated, by: "a send to a user that closed") {
                    try await scope.ping(client.id, from: user)
                }
            }
        },
        ConformanceCase(subject, "closing an agent's client leaves its mailbox; closing it twice is fine") { scope in
            let user = try await scope.userClient()
            let registration = try await scope.register(by: user.transport)
            let client = try await scope.agentClient(registration) { request, _ in request.response() }
            try expectEqual(client.id, .agent(registration.agentID), "whose client it is")
            try expectEqual(client.registration, registration, "the registration of the client")
            _ = try await user.handle(to: registration.agentID).ping(timeout: scope.environment.timeout)
            await client.close()
            await client.close()
            let stopped = await client.waitUntilStopped()
            try expectEqual(stopped.code, .closed, "why the client stopped")
            try expectEqual(try await user.status(of: client.id), .active, "the status after it closed")
        },
        ConformanceCase(subject, "an agent that is not registered, or was terminated, gets no client") { scope in
            let user = try await scope.userClient()
            let ghost = AgentRegistration(agentID: AgentID(), type: scope.type("Ghost"))
            let gone = try await scope.register(by: user.transport)
            try await user.terminate(gone.agentID)
            for registration in [ghost, gone] {
                try await expectThrows(.badEntityID, by: "making its client") {
                    _ = try await scope.agentClient(registration) { request, _ in request.response() }
                }
            }
        },
        ConformanceCase(subject, "an agent that has a client gets no second one, here or elsewhere") { scope in
            let user = try await scope.userClient()
            let registration = try await scope.register(by: user.transport)
            _ = try await scope.agentClient(registration) { request, _ in request.response() }
            for elsewhere in [false, true] {
                try await expectThrows(.mailboxInUse, by: "making a second client") {
                    _ = try await scope.agentClient(registration, elsewhere: elsewhere) { request, _ in
                        request.response(try Payload(encoding: "the wrong one"))
                    }
                }
            }
            _ = try await user.handle(to: registration.agentID).ping(timeout: scope.environment.timeout)
        },
        ConformanceCase(subject, "an agent's client tells that it stopped because its mailbox was terminated") {
            scope in
            let user = try await scope.userClient()
            let registration = try await scope.register(by: user.transport)
            let client = try await scope.agentClient(registration, elsewhere: true) { request, _ in request.response() }
            try await user.terminate(registration.agentID)
            let stopped = try await withTimeout(scope.environment.timeout, "the client to stop") {
                await client.waitUntilStopped()
            }
            try expectEqual(stopped.code, .mailboxTerminated, "why the client stopped")
        },
        ConformanceCase(
            subject,
            "a handler may close its own client; the request that it serves is given back",
            needs: [.durable]
        ) {
            scope in
            let user = try await scope.userClient()
            let registration = try await scope.register(by: user.transport)
            let closed = Signal()
            let first = try await scope.agentClient(registration) { request, client in
                await client.close()
                closed.set()
                return request.response()
            }
            let handle = user.handle(to: registration.agentID)
            let call = Task { try await handle.action("attempt", returning: Int.self) }
            let stopped = try await withTimeout(scope.environment.timeout, "the client to stop") {
                await first.waitUntilStopped()
            }
            try expectEqual(stopped.code, .closed, "why the client stopped")
            try await scope.wait(for: closed, "close to return")
            _ = try await scope.agentClient(registration, elsewhere: true) { request, _ in
                try request.response(encoding: request.attempt)
            }
            try expectEqual(try await scope.value(of: call, "the call to end"), 2, "the attempt that was answered")
        },
        ConformanceCase(subject, "a request to a user is answered with notAnAgent, and the user goes on") { scope in
            let client = try await scope.userClient()
            let asking = try await scope.user(elsewhere: true)
            let action = Request.Body.action(name: "anything", arguments: .none)
            for body in [Request.Body.ping, action, .cancel(tag: UUID())] {
                let request = try Request(from: asking.mailboxID, to: client.id, label: UUID(), body)
                try await scope.send(.request(request), by: asking)
                try expectFailure(.notAnAgent, try await scope.receiveResponse(at: asking), answering: request)
            }
            let registration = try await scope.register(by: asking)
            _ = try await scope.agentClient(registration) { request, _ in request.response() }
            _ = try await client.handle(to: registration.agentID).ping(timeout: scope.environment.timeout)
        },
        ConformanceCase(subject, "a shutdown request to a user can't be made") { scope in
            let user = try await scope.user()
            try await expectThrows(.invalidMessage, by: "making a shutdown request to a user") {
                _ = try Request(from: user.mailboxID, to: user.mailboxID, .shutdown(terminate: nil))
            }
        },
        ConformanceCase(subject, "requests of a foreign protocol version are answered so, by users and agents") {
            scope in
            let asking = try await scope.user(elsewhere: true)
            let user = try await scope.userClient()
            let called = Signal()
            let registration = try await scope.register(by: asking)
            let agent = try await scope.agentClient(registration) { request, _ in
                called.set()
                return request.response()
            }
            let foreign = Request.Body.foreign(kind: MessageKind(rawValue: "brand-new-request"), payload: .empty)
            let future = ProtocolVersion(major: 1000, minor: 0)
            for id in [user.id, agent.id] {
                for (body, version) in [(Request.Body.ping, future), (foreign, future), (foreign, .current)] {
                    let request = try Request(
                        from: asking.mailboxID,
                        to: id,
                        label: UUID(),
                        protocolVersion: version,
                        body
                    )
                    try await scope.send(.request(request), by: asking)
                    let response = try await scope.receiveResponse(at: asking)
                    try expectFailure(.incompatibleProtocol, response, answering: request)
                }
            }
            try expect(!called.isSet, "the handler not to see a foreign request")
            let ping = try await scope.ping(agent.id, from: asking)
            try expectSuccess(try await scope.receiveResponse(at: asking), answering: ping)
            try expect(called.isSet, "the handler to see the other request")
        },
        ConformanceCase(subject, "a newer minor version of the protocol is served") { scope in
            let asking = try await scope.user()
            let registration = try await scope.register(by: asking)
            let agent = try await scope.agentClient(registration) { request, _ in request.response() }
            let minor = ProtocolVersion(major: ProtocolVersion.current.major, minor: 99)
            let request = try Request(from: asking.mailboxID, to: agent.id, protocolVersion: minor, .ping)
            try await scope.send(.request(request), by: asking)
            try expectSuccess(try await scope.receiveResponse(at: asking), answering: request)
        },
        ConformanceCase(subject, "an answer that no handle waits for is logged and dropped, and the client goes on") {
            scope in
            let recorder = ConformanceLog()
            let user = try await scope.userClient(recorder.configuration(of: scope))
            let registration = try await scope.register(by: user.transport)
            _ = try await scope.agentClient(registration) { request, _ in request.response() }
            let other = try await scope.register(by: user.transport)
            let asking = try await scope.agentClient(other, recorder.configuration(of: scope)) { request, _ in
                request.response()
            }
            for client in [user as any ExchangeClient, asking] {
                let label = UUID()
                let request = try await scope.ping(.agent(registration.agentID), from: client.transport, label: label)
                try await scope.eventually("a warning about the answer") {
                    !recorder.records(about: request.tag, from: .warning).isEmpty
                }
                _ = try await client.handle(to: registration.agentID).ping(timeout: scope.environment.timeout)
            }
        },
        ConformanceCase(subject, "a client without a listener leaves its messages to who receives from the transport") {
            scope in
            let client = try await scope.userClient(startListener: false)
            let registration = try await scope.register(by: client.transport)
            _ = try await scope.agentClient(registration) { request, _ in request.response() }
            let request = try await scope.ping(.agent(registration.agentID), from: client.transport)
            try expectSuccess(try await scope.receiveResponse(at: client.transport), answering: request)
        },
        ConformanceCase(subject, "closing a client ends the calls that wait, and fails later ones, with closed") {
            scope in
            let user = try await scope.user()
            let asking = try await scope.register(by: user)
            let clients: [any ExchangeClient] = [
                try await scope.userClient(),
                try await scope.agentClient(asking) { request, _ in request.response() },
            ]
            for client in clients {
                let registration = try await scope.register(by: user)
                let handle = client.handle(to: registration.agentID)
                let call = Task { try await handle.action("never answered") }
                try await scope.eventually("the request to be in the mailbox") {
                    try await user.details(of: .agent(registration.agentID)).queuedMessages > 0
                }
                await client.close()
                try await expectThrows(.closed, by: "a call whose client was closed") {
                    _ = try await withTimeout(scope.environment.timeout, "the call to end") { try await call.value }
                }
                try await expectThrows(.closed, by: "a call on a closed client") { _ = try await handle.ping() }
            }
        },
    ]
}
