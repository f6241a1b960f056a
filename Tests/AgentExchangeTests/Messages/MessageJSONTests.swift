import Foundation
import Testing

@testable import AgentExchange

@Suite("The JSON form of messages")
struct MessageJSONTests {
    private static let user = EntityID.user(UserID(name: "ann"))
    private static let agent = EntityID.agent(AgentID(name: "bob"))

    /// A message of every kind and shape.
    private static func samples() throws -> [Message] {
        let bytes = Payload(contentType: "application/octet-stream", bytes: Data([0, 255, 128]))
        let arguments = try ActionArguments(5, "five", keyword: ["note": "rent"])
        var again = try Request(from: user, to: agent, .action(name: "pay", arguments: arguments))
        again.attempt = 3
        let deadline = Date(timeIntervalSince1970: 1_700_000_000.5)
        let requests = [
            again,
            try Request(from: user, to: agent, .action(name: "é", arguments: ActionArguments(payload: bytes))),
            try Request(from: user, to: agent, label: UUID(), deadline: deadline, .ping),
            try Request(from: user, to: agent, deadline: deadline, .activity),
            try Request(from: user, to: agent, notBefore: deadline, .action(name: "pay", arguments: arguments)),
            try Request(from: agent, to: agent, .action(name: "pay", arguments: arguments))
                .with(series: RequestSeries("wages", every: .seconds(60), from: deadline, since: deadline)),
            try Request(from: user, to: agent, .shutdown(terminate: nil)),
            try Request(from: user, to: agent, .shutdown(terminate: false)),
            try Request(from: agent, to: agent, .cancel(tag: UUID())),
            try Request(from: user, to: agent, protocolVersion: ProtocolVersion(major: 1, minor: 7), .ping),
            try Request(from: user, to: agent, context: ["traceparent": "00-1", "b_2": "é"], credit: 16, .ping),
        ]
        let notices = [
            Notice(from: user, to: agent, tag: UUID(), .credit(32)),
            Notice(from: agent, to: agent, tag: UUID(), .cancel),
            Notice(from: user, to: agent, tag: UUID(), label: UUID(), .ping),
            Notice(from: user, to: agent, tag: UUID(), label: UUID(), .activity),
            Notice(from: user, to: agent, tag: UUID(), label: UUID(), .shutdown(terminate: true)),
            Notice(from: user, to: agent, tag: UUID(), .shutdown(terminate: nil)),
        ]
        let failure = Failure(.remote, "no", type: "Bank.Broke", payload: bytes)
        return notices.map(Message.notice)
            + requests.flatMap { request -> [Message] in
                [
                    .request(request), .response(request.response()), .response(request.response(bytes)),
                    .response(request.error(failure)), .response(request.part(7, bytes)),
                ]
            }
    }

    @Test("A message of every kind is read back")
    func roundTrip() throws {
        for message in try Self.samples() {
            let decoded = try JSONDecoder().decode(Message.self, from: JSONEncoder().encode(message))
            #expect(decoded == message)
            #expect(decoded.source.name == message.source.name)
        }
    }

    @Test("A request has the documented fields")
    func fields() throws {
        let label = UUID()
        let request = try Request(
            from: Self.user,
            to: Self.agent,
            label: label,
            deadline: Date(timeIntervalSince1970: 1_700_000_000.25),
            .action(name: "pay", arguments: try ActionArguments(5))
        )
        let fields = try JSONFields(Message.request(request))
        #expect(
            fields == [
                "protocol": "1.1",
                "kind": "action-request",
                "source": try JSONFields(Self.user).value,
                "destination": try JSONFields(Self.agent).value,
                "tag": .string(request.tag.uuidString.lowercased()),
                "label": .string(label.uuidString.lowercased()),
                "deadline": 1_700_000_000_250,
                "action": "pay",
                "arguments": .object(["contentType": "application/json", "text": #"{"positional":[5]}"#]),
            ]
        )
    }

    @Test("A response has a result or an error")
    func responseFields() throws {
        let request = try Request(from: Self.user, to: Self.agent, .ping)
        let common: Set = ["protocol", "kind", "source", "destination", "tag"]
        #expect(try JSONFields(Message.response(request.response())).names == common)
        #expect(try JSONFields(Message.response(request.response(.empty))).names == common.union(["result"]))
        let failed = try JSONFields(Message.response(request.error(.remote, "no")))
        #expect(failed.names == common.union(["error"]))
        #expect(failed["error"] == .object(["code": "remote", "message": "no"]))
        let both = failed.setting("result", try JSONFields(Payload.empty).value)
        #expect(throws: DecodingError.self) { try both.decode(Message.self) }
    }

    @Test("Unknown fields are refused, and read over where that is allowed")
    func unknownFields() throws {
        let allowing = JSONDecoder()
        allowing.userInfo[.allowsUnknownMessageFields] = true
        for message in try Self.samples() {
            let fields = try JSONFields(message).setting("priority", 7)
            #expect(throws: DecodingError.self) { try fields.decode(Message.self) }
            #expect(try fields.decode(Message.self, with: allowing) == message)
        }
    }

    @Test(
        "A foreign version is refused with an error that says so, whatever else the message has",
        arguments: ["0.9", "2.0", "17"]
    )
    func foreignVersion(_ version: String) throws {
        for message in try Self.samples() {
            let fields = try JSONFields(message).setting("protocol", .string(version)).setting("new", true)
            let error = #expect(throws: DecodingError.self) { try fields.decode(Message.self) }
            guard case .dataCorrupted(let context) = error else { throw try #require(error) }
            #expect((context.underlyingError as? ExchangeError)?.code == .incompatibleProtocol)
        }
    }

    @Test("A field that does not belong to the kind is refused")
    func foreignFields() throws {
        let ping = try JSONFields(Message.request(try Request(from: Self.user, to: Self.agent, .ping)))
        let values: [(String, JSONFields.Value)] = [
            ("action", "pay"), ("arguments", try JSONFields(Payload.empty).value), ("terminate", true),
            ("target", .string(UUID().uuidString)), ("payload", try JSONFields(Payload.empty).value),
            ("result", try JSONFields(Payload.empty).value), ("error", .object(["code": "remote", "message": ""])),
        ]
        for (name, value) in values {
            #expect(throws: DecodingError.self, "\(name)") { try ping.setting(name, value).decode(Message.self) }
        }
        let response = try JSONFields(Message.response(try Request(from: Self.user, to: Self.agent, .ping).response()))
        #expect(throws: DecodingError.self) { try response.setting("deadline", 5).decode(Message.self) }
        #expect(throws: DecodingError.self) { try response.setting("attempt", 2).decode(Message.self) }
    }

    @Test("A message without a field that it needs, or with one of another type, is refused")
    func badFields() throws {
        for message in try Self.samples() {
            let fields = try JSONFields(message)
            for name in ["protocol", "kind", "source", "destination", "tag"] {
                #expect(throws: (any Error).self, "\(name)") { try fields.removing(name).decode(Message.self) }
                #expect(throws: (any Error).self, "\(name)") { try fields.setting(name, 5).decode(Message.self) }
            }
        }
    }

    @Test("Unknown kinds and a shutdown of a user are refused", arguments: ["odd", "new-request", "new-response", ""])
    func badKinds(_ kind: String) throws {
        let ping = try JSONFields(Message.request(try Request(from: Self.agent, to: Self.user, .ping)))
        #expect(throws: DecodingError.self) { try ping.setting("kind", .string(kind)).decode(Message.self) }
        #expect(throws: (any Error).self) { try ping.setting("kind", "shutdown-request").decode(Message.self) }
    }

    @Test("An attempt below 1, or an action without a name, is refused")
    func badValues() throws {
        let ping = try JSONFields(Message.request(try Request(from: Self.user, to: Self.agent, .ping)))
        #expect(throws: (any Error).self) { try ping.setting("attempt", 0).decode(Message.self) }
        let action = Request.Body.action(name: "a", arguments: .none)
        let fields = try JSONFields(Message.request(try Request(from: Self.user, to: Self.agent, action)))
        for name in ["", String(repeating: "a", count: 256)] {
            #expect(throws: (any Error).self) { try fields.setting("action", .string(name)).decode(Message.self) }
        }
    }
}
