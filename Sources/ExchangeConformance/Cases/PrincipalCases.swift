import AgentExchange
import Foundation

/// The authenticated senders of requests and notices.
enum PrincipalCases {
    private static let subject = "principals"

    static let all = [
        ConformanceCase(
            subject,
            "the principal of a request or a notice is never what the sender says",
            needs: [.notices]
        ) {
            scope in
            let user = try await scope.user()
            let registration = try await scope.register(by: user)
            let agent = try await scope.agent(registration, elsewhere: true)
            let id = user.mailboxID
            let honest = try await scope.principal(
                of: .request(try Request(from: id, to: agent.mailboxID, .ping)),
                user,
                agent
            )
            let claim = try Request(from: id, to: agent.mailboxID, .ping).with(principal: "forged")
            try expectEqual(
                try await scope.principal(of: .request(claim), user, agent),
                honest,
                "the principal of a request"
            )
            var notice = Notice(from: id, to: agent.mailboxID, tag: UUID(), .cancel)
            notice.principal = "forged"
            try expectEqual(try await scope.principal(of: .notice(notice), user, agent), honest, "that of a notice")
        },
        ConformanceCase(
            subject,
            "requests, notices and broadcasts of one authenticated sender have one principal, whatever their source",
            needs: [.principals, .notices]
        ) { scope in
            let (user, other) = (try await scope.user(), try await scope.user())
            let registration = try await scope.register(by: user)
            let agent = try await scope.agent(registration, elsewhere: true)
            var seen: [String?] = []
            for sender in [user, other] {
                let request = try Request(from: sender.mailboxID, to: agent.mailboxID, .ping)
                seen.append(try await scope.principal(of: .request(request), sender, agent))
                let notice = Notice(from: sender.mailboxID, to: agent.mailboxID, tag: UUID(), .cancel)
                seen.append(try await scope.principal(of: .notice(notice), sender, agent))
                _ = try await sender.broadcast(
                    Broadcast(from: sender.mailboxID, toAgentsOf: registration.type.name, .ping)
                )
                let asked = try await scope.receiveRequest(at: agent)
                seen.append(asked.principal)
                try await scope.send(.response(asked.response()), by: agent)
            }
            try expect(seen[0] != nil, "a principal")
            try expectEqual(Set(seen).count, 1, "the number of principals")
        },
        ConformanceCase(
            subject,
            "a request that was given back keeps its principal",
            needs: [.principals, .durable]
        ) { scope in
            let user = try await scope.user()
            let registration = try await scope.register(by: user)
            let first = try await scope.agent(registration)
            try await scope.ping(first.mailboxID, from: user)
            let principal = try await scope.receiveRequest(at: first).principal
            await first.close()
            let second = try await scope.agent(registration, elsewhere: true)
            let again = try await scope.receiveRequest(at: second)
            try expectEqual(again.attempt, 2, "its attempt")
            try expectEqual(again.principal, principal, "the principal of the second attempt")
        },
    ]
}

extension CaseScope {
    /// Sends a request or a notice, which is received, and returns its principal.
    fileprivate func principal(
        of message: Message,
        _ sender: any ExchangeTransport,
        _ agent: any ExchangeTransport
    ) async throws -> String? {
        try await send(message, by: sender)
        switch try await receive(at: agent) {
        case .request(let request):
            try await send(.response(request.response()), by: agent)
            return request.principal
        case .notice(let notice): return notice.principal
        case .response(let response):
            throw ConformanceFailure(expected: "no answer", seen: "\(response)", at: SourceLocation(#fileID, #line))
        }
    }
}
