import AgentExchange
import ExchangeTestKit
import Foundation

@testable import HybridExchange

/// Random messages and frames with every field that they may have.
struct FrameSamples {
    var random: SeededGenerator

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    mutating func maybe<Value>(_ value: Value) -> Value? {
        Bool.random(using: &random) ? value : nil
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    mutating func text(_ range: ClosedRange<Int>) -> String {
        let letters = Array("abcXYZ09 -_/äß€😀")
        return String((0..<number(range)).map { _ in letters.randomElement(using: &random) ?? "a" })
    }

    mutating func payload() -> Payload {
        let type =
            ["application/json", "application/octet-stream", "text/plain", ""].randomElement(using: &random) ?? ""
        let size = number(0...9) == 0 ? number(0...150_000) : number(0...200)
        return Payload(contentType: type, bytes: Data(repeating: UInt8(number(0...255)), count: size))
    }

    mutating func entity() -> EntityID {
        let (uuid, name) = (UUID(), maybe("ann")) as (UUID, String?)
        return number(0...2) == 0 ? .user(UserID(uuid: uuid, name: name)) : .agent(AgentID(uuid: uuid, name: name))
    }

    mutating func lane(_ content: LaneContent) -> LaneID {
        LaneID(from: entity(), to: .agent(AgentID(name: maybe("bank") as String?)), content)
    }

    mutating func version() -> ProtocolVersion {
        number(0...3) == 0 ? ProtocolVersion(major: number(0...3), minor: number(0...300)) : .current
    }

    /// An end of a lane, sometimes with another display name.
    private mutating func end(_ id: EntityID) -> EntityID {
        number(0...4) == 0 ? EntityID(role: id.role, uuid: id.uuid, name: maybe(text(0...20)) as String?) : id
    }

    mutating func request(_ lane: LaneID) throws -> Request {
        let body: Request.Body
        switch number(0...7) {
        case 0: body = .ping
        case 4: body = .activity
        case 1: body = .shutdown(terminate: maybe(Bool.random()))
        case 2: body = .cancel(tag: UUID())
        case 3: body = .foreign(kind: MessageKind(rawValue: "later-request"), payload: payload())
        default: body = .action(name: "do" + text(0...30), arguments: ActionArguments(payload: payload()))
        }
        let deadline = maybe(Date(timeIntervalSince1970: Double(number(-1000...4_000_000_000)) / 7)) as Date?
        var path = CallPath()
        if number(0...2) == 0 { path = path.serving(AgentID(), limit: 3).running("act", of: AgentID(), limit: 1) }
        var request = try Request(
            from: end(lane.source),
            to: end(lane.destination),
            tag: UUID(),
            label: maybe(UUID()) as UUID?,
            deadline: deadline,
            context: maybe(["traceparent": text(0...60), "b": ""]) ?? [:],
            credit: maybe(number(1...100_000)),
            path: path,
            principal: nil,
            protocolVersion: version(),
            body
        )
        if number(0...3) == 0 { request.attempt = number(1...Int(Int32.max)) }
        return request
    }

    mutating func response(_ lane: LaneID) throws -> Response {
        let kinds = [MessageKind.actionResponse, .pingResponse, .shutdownResponse, .cancelResponse]
        var kind = kinds.randomElement(using: &random) ?? .pingResponse
        let outcome: Response.Outcome
        switch number(0...3) {
        case 0:
            kind = .partResponse
            outcome = .part(number(0...1_000_000), payload())
        case 1:
            let failure = Failure(
                .remote,
                text(0...100),
                type: maybe(text(0...40)) as String?,
                payload: maybe(payload()) as Payload?
            )
            outcome = .failure(failure)
        default: outcome = .success(maybe(payload()) as Payload?)
        }
        return try Response(
            from: end(lane.source),
            to: end(lane.destination),
            tag: UUID(),
            label: maybe(UUID()) as UUID?,
            kind: kind,
            protocolVersion: version(),
            outcome
        )
    }

    mutating func notice(_ lane: LaneID) -> Notice {
        let bodies: [Notice.Body] = [
            .credit(number(0...100_000)), .cancel, .ping, .shutdown(terminate: nil), .shutdown(terminate: true),
        ]
        return Notice(
            from: end(lane.source),
            to: end(lane.destination),
            tag: UUID(),
            label: maybe(UUID()) as UUID?,
            protocolVersion: version(),
            bodies.randomElement(using: &random) ?? .cancel
        )
    }

    /// A message, and a lane that carries it.
    mutating func message() throws -> (Message, LaneID) {
        switch number(0...4) {
        case 0:
            let lane = lane(.requests)
            return (.notice(notice(lane)), lane)
        case 1, 2:
            let lane = lane(.responses)
            return (.response(try response(lane)), lane)
        default:
            let lane = lane(.requests)
            return (.request(try request(lane)), lane)
        }
    }

    mutating func frame() -> PeerFrame {
        let (lane, opening) = (UInt32(number(0...1_000_000)), UInt32(number(0...300)))
        let position = number(0...3) == 0 ? UInt64.max : UInt64(number(0...100_000))
        switch number(0...11) {
        case 0, 1:
            let size = number(0...5) == 0 ? number(0...300_000) : number(0...100)
            let message = [UInt8](repeating: UInt8(number(0...255)), count: size)
            return .data(lane: lane, opening: opening, isCopied: Bool.random(), message: message)
        case 2:
            return .ack(
                (0..<number(0...5)).map { PeerFrame.LaneCount(lane: UInt32($0), opening: opening, count: position) }
            )
        case 3: return .open(lane: lane, opening: opening, self.lane(.requests), marker: maybe(UUID()) as UUID?)
        case 4: return .opened(lane: lane, opening: opening, marker: UUID())
        case 5: return .refused(lane: lane, opening: opening, from: position, .terminated)
        case 6: return .queued(lane: lane, tag: UUID())
        case 7: return .notice(lane: lane, message: Array(text(0...50).utf8))
        case 8: return .ping(position)
        case 9: return .pong(position)
        case 10: return .close(lane: lane)
        default: return .bye
        }
    }
}
