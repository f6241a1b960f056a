import Foundation
import Testing

@testable import HybridExchange

@Suite("The outcome of a request that both ways refuse")
struct LaneOutcomeTests {
    /// A lane of requests that is direct, with one request on the socket.
    private static func written(_ durability: Durability) -> (lane: Lane<Int>, tag: UUID) {
        var lane = Lane<Int>(.requests, durability: durability)
        _ = lane.connected(mayBeUnread: false, now: .now)
        let tag = UUID()
        let actions = lane.send(tag, 1, bytes: 10, room: Self.room, now: .now)
        #expect(actions.contains { if case .write = $0 { true } else { false } })
        return (lane, tag)
    }

    private static let room = LaneRoom(messages: 9, bytes: 9999, keptBytes: 9999, largest: 9999, isIdle: true)

    @Test("After a lost connection a peer may have taken it", arguments: [Durability.requester, .broker])
    func lost(_ durability: Durability) {
        var (lane, tag) = Self.written(durability)
        let ended = lane.disconnected()
        #expect(ended.isEmpty == (durability == .broker))
        #expect(lane.returned(tag) == [.fail(tag, wasAccepted: false, mayBeTaken: true)])
        #expect(lane.unanswered == 0)
    }

    @Test("After a refusal of the peer none has it", arguments: [Durability.requester, .broker])
    func refused(_ durability: Durability) throws {
        var (lane, tag) = Self.written(durability)
        _ = try lane.refused(lane.opening, from: 0, .terminated, now: .now)
        #expect(lane.returned(tag) == [.fail(tag, wasAccepted: false, mayBeTaken: false)])
        #expect(lane.unanswered == 0)
    }

    @Test("The broker's refusal alone fails nothing that is on the socket")
    func returned() throws {
        var (lane, tag) = Self.written(.broker)
        #expect(lane.returned(tag).isEmpty)
        #expect(try lane.acknowledged(lane.opening, count: 1, room: Self.room, now: .now).isEmpty)
        // It is accepted with its answer.
        #expect(lane.ended(tag, isAnswered: true, now: .now) == [.accept(tag)])
    }

    @Test("One that is kept back has not left this process; a written or published one may have")
    func unsent() {
        var (lane, tag) = Self.written(.requester)
        #expect(!lane.isUnsent(tag))
        let (kept, full) = (UUID(), LaneRoom(messages: 0, bytes: 0, keptBytes: 9999, largest: 9999, isIdle: false))
        #expect(lane.send(kept, 2, bytes: 10, room: full, now: .now).isEmpty)
        #expect(lane.isUnsent(kept) && !lane.isUnsent(UUID()))
        var other = lane
        #expect(other.ended(kept, isAnswered: false, now: .now).contains(.accept(kept)))
        #expect(!other.isUnsent(kept))
        _ = lane.tick(at: .now + .seconds(1))
        #expect(!lane.isUnsent(kept))
        var copying = Lane<Int>(.requests, durability: .broker)
        _ = copying.connected(mayBeUnread: false, now: .now)
        _ = copying.send(tag, 1, bytes: 10, room: full, now: .now)
        #expect(!copying.isUnsent(tag))
    }

    @Test("A taken one that its owner did not answer is failed as accepted")
    func taken() throws {
        var (lane, tag) = Self.written(.requester)
        #expect(try lane.acknowledged(lane.opening, count: 1, room: Self.room, now: .now) == [.accept(tag)])
        #expect(lane.disconnected() == [.publish(tag, 1, attempt: 2, mayComeAgain: true)])
        #expect(lane.returned(tag) == [.fail(tag, wasAccepted: true, mayBeTaken: true)])
    }
}
