import AgentExchange
import Foundation
internal import Primitives

/// Sending several messages together.
enum SendingCases {
    private static let subject = "sending together"

    static let all = [
        ConformanceCase(subject, "requests that are sent together arrive in their order, each once") { scope in
            let user = try await scope.user()
            let registration = try await scope.register(by: user)
            let agent = try await scope.agent(registration, elsewhere: true)
            let count = 300
            let tags = (0..<count).map { _ in UUID() }
            let requests = try tags.map { try request($0, from: user, to: registration.agentID) }
            async let results = user.send(requests)
            for tag in tags {
                let request = try await scope.receiveRequest(at: agent)
                try expectEqual(request.tag, tag, "the next request")
                try await agent.send(.response(request.response()))
            }
            for result in await results { try result.get() }
            var answered: Set<UUID> = []
            for _ in tags { answered.insert(try await scope.receiveResponse(at: user).tag) }
            try expectEqual(answered, Set(tags), "the requests that were answered")
        },
        ConformanceCase(subject, "each is told what became of it, whatever became of the others", needs: [.sizeLimit]) {
            scope in
            let user = try await scope.user()
            let (living, ended) = (try await scope.register(by: user), try await scope.register(by: user))
            try await user.terminate(.agent(ended.agentID))
            let agent = try await scope.agent(living, elsewhere: true)
            let large = Payload(
                contentType: "application/octet-stream",
                bytes: Data(count: user.maximumMessageSize + 1)
            )
            let first = UUID(), last = UUID()
            let results = await user.send([
                try request(first, from: user, to: living.agentID),
                try request(UUID(), from: user, to: AgentID()),
                try request(UUID(), from: user, to: ended.agentID),
                .request(
                    try Request(
                        from: user.mailboxID,
                        to: .agent(living.agentID),
                        .action(name: "large", arguments: ActionArguments(payload: large))
                    )
                ),
                try request(last, from: user, to: living.agentID),
            ])
            try expectEqual(
                results.map(\.code),
                [nil, .badEntityID, .mailboxTerminated, .messageTooLarge, nil],
                "what became of the five"
            )
            try expectEqual(try await scope.receiveRequest(at: agent).tag, first, "the first request")
            try expectEqual(try await scope.receiveRequest(at: agent).tag, last, "the second request")
        },
        ConformanceCase(subject, "answers can be sent together too, and nothing is no message") { scope in
            let user = try await scope.user()
            let registration = try await scope.register(by: user)
            let agent = try await scope.agent(registration, elsewhere: true)
            try expectEqual(await user.send([]).count, 0, "the number of results")
            let tags = [UUID(), UUID(), UUID()]
            for result in await user.send(try tags.map { try request($0, from: user, to: registration.agentID) }) {
                try result.get()
            }
            var answers: [Message] = []
            for _ in tags { answers.append(.response(try await scope.receiveRequest(at: agent).response())) }
            for result in await agent.send(answers) { try result.get() }
            for tag in tags { try expectEqual(try await scope.receiveResponse(at: user).tag, tag, "the next answer") }
        },
        ConformanceCase(subject, "a task that was cancelled sends nothing") { scope in
            let user = try await scope.user()
            let registration = try await scope.register(by: user)
            let requests = [try request(UUID(), from: user, to: registration.agentID)]
            let begin = Signal()
            let sending = Task {
                try? await begin.reach()
                return await user.send(requests)
            }
            sending.cancel()
            begin.set()
            let results = await sending.value
            try expectEqual(results.map(\.code), [.cancelled], "what became of it")
            let queued = try await user.details(of: .agent(registration.agentID)).queuedMessages
            try expectEqual(queued, 0, "what is in the mailbox")
        },
    ]

    private static func request(_ tag: UUID, from transport: any ExchangeTransport, to agent: AgentID) throws -> Message
    {
        .request(try Request(from: transport.mailboxID, to: .agent(agent), tag: tag, .ping))
    }
}

extension Result where Failure == ExchangeError {
    fileprivate var code: ExchangeError.Code? {
        if case .failure(let error) = self { error.code } else { nil }
    }
}
