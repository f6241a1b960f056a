import AgentExchange
import Foundation

/// The parts of streamed results as messages.
enum PartCases {
    private static let subject = "parts"

    static let all = [
        ConformanceCase(subject, "parts reach the requester in order, with the request's tag and label") { scope in
            let user = try await scope.user()
            let agent = try await scope.agent(try await scope.register(by: user), elsewhere: true)
            let request = try await scope.streamRequest(to: agent, from: user)
            let received = try await scope.receiveRequest(at: agent)
            try expectEqual(received.credit, 4, "the credit of the request")
            for number in 0..<100 {
                try await scope.send(.response(received.part(number, try Payload(encoding: number))), by: agent)
            }
            try await scope.send(.response(try received.response(encoding: 100)), by: agent)
            for number in 0..<100 {
                let part = try await scope.receiveResponse(at: user)
                try expectEqual(part.outcome, .part(number, try Payload(encoding: number)), "a part")
                try expectEqual(part.tag, request.tag, "the tag of a part")
                try expectEqual(part.label, request.label, "the label of a part")
                try expectEqual(part.kind, .partResponse, "the kind of a part")
                try expectEqual(part.source, agent.mailboxID, "who sent a part")
            }
            try expectSuccess(try await scope.receiveResponse(at: user), answering: request)
        },
        ConformanceCase(subject, "a part does not settle its request", needs: [.durable]) { scope in
            let user = try await scope.user()
            let registration = try await scope.register(by: user)
            let first = try await scope.agent(registration)
            let request = try await scope.streamRequest(to: first, from: user)
            let part = try await scope.receiveRequest(at: first).part(0, .empty)
            try await scope.send(.response(part), by: first)
            await first.close()
            let second = try await scope.agent(registration, elsewhere: true)
            let again = try await scope.receiveRequest(at: second)
            try expectEqual(again.tag, request.tag, "the request that is delivered again")
            try expectEqual(again.attempt, 2, "its attempt")
            try await scope.send(.response(again.response()), by: second)
            try expectEqual(try await scope.receiveResponse(at: user).outcome, .part(0, .empty), "the part")
            try expectSuccess(try await scope.receiveResponse(at: user), answering: request)
            try await scope.expectNothing(at: user)
        },
        ConformanceCase(subject, "a part is only taken for a request that is held") { scope in
            let user = try await scope.user()
            let agent = try await scope.agent(try await scope.register(by: user), elsewhere: true)
            let foreign = try Request(from: user.mailboxID, to: agent.mailboxID, credit: 4, .ping)
            try await expectThrows(.invalidMessage, by: "a part for a request that never came") {
                try await scope.send(.response(foreign.part(0, .empty)), by: agent)
            }
            let request = try await scope.streamRequest(to: agent, from: user)
            let received = try await scope.receiveRequest(at: agent)
            try await scope.send(.response(received.response()), by: agent)
            try await expectThrows(.invalidMessage, by: "a part after the end") {
                try await scope.send(.response(received.part(0, .empty)), by: agent)
            }
            try expectSuccess(try await scope.receiveResponse(at: user), answering: request)
            try await scope.expectNothing(at: user)
        },
        ConformanceCase(subject, "two requesters may use the same tag: each gets its parts and its answer") { scope in
            let users = [try await scope.user(), try await scope.user(elsewhere: true)]
            let agent = try await scope.agent(try await scope.register(by: users[0]))
            let tag = UUID()
            for (index, user) in users.enumerated() {
                let request = try await scope.streamRequest(to: agent, from: user, tag: tag)
                let received = try await scope.receiveRequest(at: agent)
                try expectEqual(received, request, "the request of a requester with another's tag")
                let part = received.part(0, try Payload(encoding: index))
                try await scope.send(.response(part), by: agent)
                try await scope.send(.response(received.response()), by: agent)
                try expectEqual(try await scope.receiveResponse(at: user), part, "its part")
                try expectSuccess(try await scope.receiveResponse(at: user), answering: request)
            }
        },
        ConformanceCase(subject, "what travels beside a request arrives as it was sent") { scope in
            let user = try await scope.user()
            let agent = try await scope.agent(try await scope.register(by: user), elsewhere: true)
            let context = [
                "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "Tenant_1": "ü ,;=",
            ]
            let request = try Request(from: user.mailboxID, to: agent.mailboxID, context: context, .ping)
            try await scope.send(.request(request), by: user)
            try expectEqual(try await scope.receiveRequest(at: agent), request, "the request")
            for name in ["", "a b", "x-death", "warren-source", String(repeating: "a", count: 65)] {
                try await expectThrows(.invalidMessage, by: "a request with the context \"\(name.prefix(20))\"") {
                    _ = try Request(from: user.mailboxID, to: agent.mailboxID, context: [name: "1"], .ping)
                }
            }
        },
    ]
}

extension CaseScope {
    /// Sends a request that asks for a stream.
    fileprivate func streamRequest(
        to agent: any ExchangeTransport,
        from user: any ExchangeTransport,
        tag: UUID = UUID()
    ) async throws -> Request {
        let request = try Request(
            from: user.mailboxID,
            to: agent.mailboxID,
            tag: tag,
            label: UUID(),
            credit: 4,
            .action(name: "stream", arguments: .none)
        )
        try await send(.request(request), by: user)
        return request
    }
}
