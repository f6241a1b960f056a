import Foundation
import Testing

@testable import AgentExchange

@Suite("Requests and responses")
struct MessageTests {
    private let user = EntityID.user(UserID(name: "ann"))
    private let agent = EntityID.agent(AgentID(name: "bob"))

    @Test("A response has source and destination swapped, and the tag and label of its request")
    func response() throws {
        let label = UUID()
        let request = try Request(from: user, to: agent, label: label, .ping)
        let result = Payload(contentType: "text/plain", bytes: Data("hello".utf8))
        let response = request.response(result)
        #expect(response.source == agent && response.destination == user)
        #expect(response.tag == request.tag)
        #expect(response.label == label)
        #expect(response.outcome == .success(result))
        #expect(try Message.request(request).response(result) == response)
    }

    @Test("An error keeps the same, and says what failed")
    func error() throws {
        let request = try Request(from: user, to: agent, .cancel(tag: UUID()))
        let response = request.error(.mailboxFull, "too much")
        #expect(response.outcome == .failure(Failure(.mailboxFull, "too much")))
        #expect(response.tag == request.tag && response.label == nil)
        #expect(try Message.request(request).error(Failure(.mailboxFull, "too much")) == response)
    }

    @Test("The kind of a response follows the kind of its request")
    func kinds() throws {
        let bodies: [(Request.Body, MessageKind, MessageKind)] = [
            (.action(name: "a", arguments: .none), .actionRequest, .actionResponse),
            (.ping, .pingRequest, .pingResponse),
            (.activity, .activityRequest, .activityResponse),
            (.shutdown(terminate: nil), .shutdownRequest, .shutdownResponse),
            (.cancel(tag: UUID()), .cancelRequest, .cancelResponse),
            (
                .foreign(kind: MessageKind(rawValue: "new-request"), payload: .empty),
                MessageKind(rawValue: "new-request"), MessageKind(rawValue: "new-response")
            ),
            (
                .foreign(kind: MessageKind(rawValue: "odd"), payload: .empty),
                MessageKind(rawValue: "odd"), MessageKind(rawValue: "odd-response")
            ),
        ]
        for (body, requestKind, responseKind) in bodies {
            let request = try Request(from: user, to: agent, body)
            #expect(request.kind == requestKind && !request.kind.isResponse)
            #expect(request.response().kind == responseKind && request.response().kind.isResponse)
        }
    }

    @Test("A response can't be answered")
    func responseToResponse() throws {
        let response = Message.response(try Request(from: user, to: agent, .ping).response())
        for answer in [{ try response.response() }, { try response.error(Failure(.remote, "")) }] {
            let error = #expect(throws: ExchangeError.self) { try answer() }
            #expect(error?.code == .invalidMessage)
            #expect(error?.delivery == .notSent)
        }
    }

    @Test("A response is not made with the kind of a request")
    func responseKind() {
        let error = #expect(throws: ExchangeError.self) {
            try Response(from: agent, to: user, tag: UUID(), label: nil, kind: .pingRequest, .success(nil))
        }
        #expect(error?.code == .invalidMessage)
    }

    @Test("A user can't be shut down")
    func shutdownOfUser() throws {
        let error = #expect(throws: ExchangeError.self) {
            try Request(from: agent, to: user, .shutdown(terminate: true))
        }
        #expect(error?.code == .invalidMessage)
        #expect(error?.entity == user)
        _ = try Request(from: user, to: agent, .shutdown(terminate: true))
    }

    @Test("The name of an action has 1 to 255 bytes", arguments: [(0, false), (1, true), (255, true), (256, false)])
    func actionName(_ length: Int, _ isValid: Bool) {
        let body = Request.Body.action(name: String(repeating: "a", count: length), arguments: .none)
        do throws(ExchangeError) {
            _ = try Request(from: user, to: agent, body)
            #expect(isValid)
        } catch {
            #expect(!isValid && error.code == .invalidMessage)
        }
    }

    @Test("Deadlines are whole milliseconds")
    func deadlines() throws {
        let date = Date(timeIntervalSince1970: 1_700_000_000.123_456)
        let request = try Request(from: user, to: agent, deadline: date, .ping)
        let deadline = try #require(request.deadline)
        #expect((deadline.timeIntervalSince1970 * 1000).rounded() == 1_700_000_000_123)
        #expect(try Request(from: user, to: agent, deadline: deadline, .ping).deadline == deadline)
        for extreme in [Date.distantFuture, .distantPast, Date(timeIntervalSince1970: .infinity)] {
            #expect(try Request(from: user, to: agent, deadline: extreme, .ping).deadline != nil)
        }
    }

    @Test("A description has kind, parties and the beginning of the tag, and no payload")
    func description() throws {
        let arguments = try ActionArguments("secret")
        let request = try Request(from: user, to: agent, .action(name: "pay", arguments: arguments))
        let tag = request.tag.uuidString.lowercased().prefix(8)
        #expect("\(Message.request(request))" == "action-request user:ann -> agent:bob tag \(tag)")
    }

    @Test("The size of a message is that of its payloads")
    func size() throws {
        let payload = Payload(contentType: "text/plain", bytes: Data(count: 7))
        let request = try Request(
            from: user,
            to: agent,
            .action(name: "a", arguments: ActionArguments(payload: payload))
        )
        #expect(Message.request(request).payloadSize == 7)
        #expect(Message.request(try Request(from: user, to: agent, .ping)).payloadSize == 0)
        #expect(Message.response(request.response(payload)).payloadSize == 7)
        #expect(Message.response(request.response()).payloadSize == 0)
        #expect(Message.response(request.error(Failure(.remote, "", payload: payload))).payloadSize == 7)
    }

    @Test(
        "A version is read from its text",
        arguments: [("1", 1, 0), ("1.0", 1, 0), ("2.11", 2, 11), ("1.0.3", 1, 0)]
    )
    func version(_ text: String, _ major: Int, _ minor: Int) {
        #expect(ProtocolVersion(text) == ProtocolVersion(major: major, minor: minor))
    }

    @Test("Text that is no version is refused", arguments: ["", ".", "1.", "x", "1.x", "-1", "1.-1", " 1", "1..2"])
    func badVersion(_ text: String) {
        #expect(ProtocolVersion(text) == nil)
    }
}
