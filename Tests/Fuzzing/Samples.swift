import AMQP
import AgentExchange
import Foundation
import RabbitMQExchange

/// Valid input to begin with.
enum Samples {
    /// Messages of every kind.
    static func values() throws -> [Message] {
        let user = EntityID.user(UserID(name: "ann"))
        let agent = EntityID.agent(AgentID(name: "clerk"))
        let arguments = try ActionArguments(1, "two", [3.5])
        let request = try Request(
            from: user,
            to: agent,
            label: UUID(),
            deadline: Date(timeIntervalSince1970: 4e9),
            context: ["traceparent": "00-1-2-3"],
            credit: 16,
            .action(name: "act", arguments: arguments)
        )
        return [
            .request(request), .request(try Request(from: user, to: agent, .ping)),
            .request(try Request(from: agent, to: agent, .shutdown(terminate: true))),
            .request(try Request(from: user, to: agent, .cancel(tag: request.tag))),
            .request(
                try Request(from: user, to: agent, .foreign(kind: MessageKind(rawValue: "x-request"), payload: .empty))
            ),
            .response(request.response()), .response(request.response(try Payload(encoding: [1, 2]))),
            .response(request.part(3, try Payload(encoding: "part"))),
            .response(request.error(Failure(.remote, "it failed", type: "E", payload: .empty))),
            .notice(Notice(from: user, to: agent, tag: request.tag, .credit(4))),
            .notice(Notice(from: user, to: agent, tag: request.tag, .cancel)),
        ]
    }

    /// Their AMQP form.
    static func messages() throws -> [(MessageProperties, Data)] {
        try values().map { try ForeignInput.encode($0, now: Date(timeIntervalSince1970: 1.7e9)) }
    }

    /// Frames that a broker sends: delivery, confirm, body, heartbeat, close of a channel and of the connection.
    static let methodFrames: [[UInt8]] = [
        method([0, 60, 0, 60] + short("tag") + [0, 0, 0, 0, 0, 0, 0, 9, 1] + short("exchange") + short("key")),
        method([0, 60, 0, 80, 0, 0, 0, 0, 0, 0, 0, 7, 1]), method([0, 60, 0, 30] + short("tag") + [0]),
        method([0, 20, 0, 40, 1, 0x93] + short("NOT_FOUND") + [0, 60, 0, 40]),
        method([0, 10, 0, 50, 1, 0x40] + short("CONNECTION_FORCED") + [0, 0, 0, 0]),
        method([0, 50, 0, 11] + short("queue") + [0, 0, 0, 1, 0, 0, 0, 2]),
        frame(3, Array("a body".utf8)), frame(8, []),
    ]

    private static func method(_ payload: [UInt8]) -> [UInt8] { frame(1, payload) }

    private static func frame(_ kind: UInt8, _ payload: [UInt8]) -> [UInt8] {
        let size = UInt32(payload.count)
        return [kind, 0, kind == 8 ? 0 : 1] + (0..<4).map { UInt8(truncatingIfNeeded: size >> (24 - 8 * $0)) } + payload
            + [0xCE]
    }

    private static func short(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }
}
