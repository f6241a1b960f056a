import Foundation
import Testing

@testable import HybridExchange

@Suite("Openings of a lane whose marker is not read")
struct LaneOpeningTests {
    private static let room = LaneRoom(messages: 99, bytes: 9999, keptBytes: 9999, largest: 9999, isIdle: true)

    private func opens(_ actions: [LaneAction<Int>]) -> Bool {
        actions.contains { if case .open(_, isMarked: true) = $0 { true } else { false } }
    }

    @Test("They keep messages back for 100 ms, and are tried again after 1 s, doubling to 60 s, until one succeeds")
    func pauses() throws {
        var lane = Lane<Int>(.requests, durability: .requester)
        var now = ContinuousClock.now
        var number = 0
        func send() -> [LaneAction<Int>] {
            number += 1
            return lane.send(UUID(), number, bytes: 10, room: Self.room, now: now)
        }
        _ = lane.connected(mayBeUnread: true, now: now)
        for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
            let first = send()
            #expect(opens(first) && lane.way == .opening)
            // Behind the marker it is kept back until then.
            let second = send()
            #expect(second.isEmpty)
            #expect(lane.deadline == now + .milliseconds(100))
            let early = lane.tick(at: now + .milliseconds(99))
            #expect(early.isEmpty)
            now += .milliseconds(100)
            let published = lane.tick(at: now)
            #expect(published.count == 1 && lane.way == .broker)
            now += .seconds(pause) - .milliseconds(1)
            #expect(!opens(send()))
            now += .milliseconds(1)
        }
        #expect(opens(send()))
        _ = try lane.opened(lane.opening, room: Self.room, now: now)
        #expect(lane.way == .direct)
        _ = send()
        _ = try lane.acknowledged(lane.opening, count: 1, room: Self.room, now: now)
        // The next one that fails is the first again.
        _ = lane.broadcast(now: now)
        #expect(opens(send()))
        _ = send()
        now += .milliseconds(100)
        _ = lane.tick(at: now)
        now += .seconds(1)
        #expect(!opens(send()))
        now += .seconds(1)
        #expect(opens(send()))
    }
}
