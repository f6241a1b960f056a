import AgentExchange
import Foundation

/// The contents of a message after its delivery.
enum MessageCases {
    private static let subject = "messages"

    static let all = [
        ConformanceCase(subject, "every kind of request arrives with everything that was put into it") { scope in
            let user = try await scope.user()
            let agent = try await scope.agent(try await scope.register(by: user), elsewhere: true)
            let arguments = try ActionArguments(5, "ann", [1.5, 2], keyword: ["note": "rent: \u{1F409} / \"quoted\""])
            let bodies: [Request.Body] = [
                .action(name: "pay", arguments: arguments),
                .action(name: "näme with spaces / and \u{1F409}", arguments: .none),
                .action(name: String(repeating: "n", count: 255), arguments: ActionArguments(payload: .empty)),
                .ping,
                .shutdown(terminate: nil),
                .shutdown(terminate: true),
                .shutdown(terminate: false),
                .cancel(tag: UUID()),
            ]
            for body in bodies {
                let sent = try Request(
                    from: user.mailboxID,
                    to: agent.mailboxID,
                    label: UUID(),
                    deadline: Date(timeIntervalSinceNow: 3600.123_4),
                    body
                )
                try await scope.send(.request(sent), by: user)
                try expectEqual(try await scope.receiveRequest(at: agent), sent, "the received request")
            }
            let bare = try await scope.ping(agent.mailboxID, from: user)
            try expectEqual(try await scope.receiveRequest(at: agent), bare, "a request without label and deadline")
        },
        ConformanceCase(subject, "every kind of answer arrives with everything that was put into it") { scope in
            let user = try await scope.user()
            let agent = try await scope.agent(try await scope.register(by: user), elsewhere: true)
            let details = Payload(contentType: "application/x-details", bytes: Data([0, 255, 10, 13]))
            let outcomes: [Response.Outcome] = [
                .success(nil),
                .success(.empty),
                .success(try Payload(encoding: ["a": [1, 2, 3]])),
                .failure(Failure(.remote, "not enough\nmoney: \u{1F409}", type: "Bank.Insufficient", payload: details)),
                .failure(Failure(.cancelled, "")),
                .failure(Failure(ExchangeError.Code(rawValue: "a-code-of-tomorrow"), "new")),
            ]
            for outcome in outcomes {
                let request = try await scope.ping(agent.mailboxID, from: user, label: UUID())
                let received = try await scope.receiveRequest(at: agent)
                let answer =
                    switch outcome {
                    case .success(let result): received.response(result)
                    case .failure(let failure): received.error(failure)
                    case .part(let number, let payload): received.part(number, payload)
                    }
                try await scope.send(.response(answer), by: agent)
                let response = try await scope.receiveResponse(at: user)
                try expectEqual(response, answer, "the received answer")
                try expectAnswer(response, to: request)
            }
        },
        ConformanceCase(subject, "a message of a foreign protocol version, of a kind that is not known, is carried") {
            scope in
            let user = try await scope.user()
            let agent = try await scope.agent(try await scope.register(by: user), elsewhere: true)
            let body = Request.Body.foreign(
                kind: MessageKind(rawValue: "brand-new-request"),
                payload: Payload(contentType: "text/plain", bytes: Data("whatever".utf8))
            )
            let sent = try Request(
                from: user.mailboxID,
                to: agent.mailboxID,
                protocolVersion: ProtocolVersion(major: 1000, minor: 3),
                body
            )
            try await scope.send(.request(sent), by: user)
            let received = try await scope.receiveRequest(at: agent)
            try expectEqual(received, sent, "the received request")
            let answer = try Response(
                from: agent.mailboxID,
                to: user.mailboxID,
                tag: received.tag,
                label: nil,
                kind: MessageKind(rawValue: "brand-new-response"),
                protocolVersion: ProtocolVersion(major: 1000, minor: 3),
                .success(.empty)
            )
            try await scope.send(.response(answer), by: agent)
            try expectEqual(try await scope.receiveResponse(at: user), answer, "the received answer")
        },
        ConformanceCase(subject, "the bytes and the content type of a payload arrive unchanged, both ways") { scope in
            let user = try await scope.user()
            let agent = try await scope.agent(try await scope.register(by: user), elsewhere: true)
            let everyByte = Data((0...255).map(UInt8.init))
            let payloads = [
                Payload(contentType: "application/octet-stream", bytes: everyByte),
                Payload(contentType: "application/json", bytes: Data("{ \"b\" : 1,\r\n\t\"a\":1.50}".utf8)),
                Payload(contentType: "application/json", bytes: Data("this is not JSON".utf8)),
                Payload(contentType: "text/plain; charset=utf-16", bytes: Data([0xFF, 0xFE, 0x00])),
                Payload(contentType: "", bytes: Data([0])),
                Payload(contentType: "x/" + String(repeating: "y", count: 253), bytes: Data()),
            ]
            for payload in payloads {
                let arguments = ActionArguments(payload: payload)
                let body = Request.Body.action(name: "echo", arguments: arguments)
                let request = try Request(from: user.mailboxID, to: agent.mailboxID, body)
                try await scope.send(.request(request), by: user)
                let received = try await scope.receiveRequest(at: agent)
                try expectEqual(received.body, body, "the body of a request")
                try await scope.send(.response(received.response(payload)), by: agent)
                let result = try expectSuccess(try await scope.receiveResponse(at: user), answering: request)
                try expectEqual(result, payload, "the result")
            }
        },
    ]
}
