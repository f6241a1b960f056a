import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation

@testable import RabbitMQExchange

/// Random messages of every kind, and random damage to their AMQP form.
struct MessageGenerator {
    var random = SeededGenerator()
    let now = Date(timeIntervalSince1970: 1_700_000_000)

    /// To be printed where a generated case fails.
    var seed: String { random.description }

    mutating func message() throws -> Message {
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<5: return .request(try request())
        case 5..<9: return .response(try response())
        default:
            let bodies: [Notice.Body] = [.cancel, .credit(number()), .ping, .activity, .shutdown(terminate: bool())]
            let label = bool() ? UUID() : nil
            let body = bodies.randomElement(using: &random) ?? .cancel
            return .notice(Notice(from: entity(), to: entity(), tag: UUID(), label: label, body))
        }
    }

    private mutating func request() throws -> Request {
        let agent = EntityID.agent(AgentID(name: name()))
        let body: Request.Body =
            switch Int.random(in: 0..<7, using: &random) {
            case 0, 1: .action(name: "act" + text(), arguments: ActionArguments(payload: payload()))
            case 2: .ping
            case 5: .activity
            case 3: .shutdown(terminate: bool() ? nil : bool())
            case 4: .cancel(tag: UUID())
            default: .foreign(kind: MessageKind(rawValue: "unheard-of-request"), payload: payload())
            }
        let request = try Request(
            from: entity(),
            to: agent,
            label: bool() ? UUID() : nil,
            deadline: bool() ? nil : now.addingTimeInterval(Double.random(in: 0.001..<1e6, using: &random)),
            context: bool() ? [:] : ["traceparent": text(), "a_b-C9": text()],
            credit: bool() ? nil : number() + 1,
            protocolVersion: bool() ? .current : ProtocolVersion(major: number(), minor: number()),
            body
        )
        guard case .action = body, request.credit == nil, request.deadline == nil, bool() else { return request }
        let time = now.addingTimeInterval(Double.random(in: -1e6..<1e6, using: &random))
        guard bool() else { return request.with(notBefore: time) }
        let series = try RequestSeries(
            "series " + text().prefix(32),
            every: .milliseconds(1000 + number()),
            from: Date(timeIntervalSince1970: Double(number())),
            since: bool() ? nil : time
        )
        return try request.with(notBefore: bool() ? nil : time).with(series: series)
    }

    private mutating func response() throws -> Response {
        let request = try request()
        return switch Int.random(in: 0..<4, using: &random) {
        case 0: request.response()
        case 1: request.response(payload())
        case 2: request.part(number(), payload())
        default:
            request.error(
                Failure(
                    .init(rawValue: "code-" + text()),
                    text(),
                    type: bool() ? nil : text(),
                    payload: bool() ? nil : payload()
                )
            )
        }
    }

    private mutating func bool() -> Bool { Bool.random(using: &random) }

    private mutating func number() -> Int { Int.random(in: 0...1000, using: &random) }

    private mutating func name() -> String? { bool() ? nil : text() }

    private mutating func entity() -> EntityID {
        bool() ? .agent(AgentID(name: name())) : .user(UserID(name: name()))
    }

    private mutating func payload() -> Payload {
        let count = Int.random(in: 0..<64, using: &random)
        let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        return Payload(contentType: bool() ? "application/json" : "x/" + text(), bytes: Data(bytes))
    }

    private mutating func text() -> String {
        let alphabet = ["a", "Z", "0", ".", "/", "%", " ", "\n", "\u{e9}", "\u{1F409}", ",", "\"", "#", "*"]
        return (0..<Int.random(in: 0..<12, using: &random)).compactMap { _ in alphabet.randomElement(using: &random) }
            .joined()
    }

    /// Takes something away, or puts something else in its place.
    mutating func damage(_ properties: inout MessageProperties, _ body: inout Data) {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: properties.type = bool() ? nil : text()
        case 1: properties.correlationID = bool() ? nil : text()
        case 2: properties.contentType = bool() ? nil : text()
        case 3: body = Data(text().utf8)
        case 4:
            properties.type = ["ping-response", "part-response", "credit-notice", "x"].randomElement(using: &random)
        default:
            let names = properties.headers.entries.map(\.name) + [Header.deadline, Header.credit, Header.terminate]
            guard let name = names.randomElement(using: &random) else { return }
            properties.headers[name] = value()
        }
    }

    private mutating func value() -> FieldValue? {
        switch Int.random(in: 0..<9, using: &random) {
        case 0: nil
        case 1: .string(text())
        case 2: .int64(Int64.random(in: .min ... .max, using: &random))
        case 3: .bool(bool())
        case 4: .bytes(Data([0xff, 0xfe]))
        case 5: .array([.null])
        case 6: .table(["x": 1])
        case 7: .double(.nan)
        default: .null
        }
    }
}
