import ExchangeTestKit
import Foundation
import Testing

@testable import HybridExchange

@Suite("The keys, the queue and the pulse of peers")
struct PeerStateTests {
    @Test("Keys are kept for 30 s, at most 4,096 of them, and the oldest go first")
    func meetings() throws {
        var meetings = Meetings()
        let (own, start) = (UUID(), ContinuousClock.now)
        let all = (0..<(Meetings.limit + 10)).map { number in
            HandshakeWorld.meetings(UUID(), own, start: start + .milliseconds(number)).answerer
        }
        for meeting in all { meetings.add(meeting, now: start) }
        #expect(meetings.count == Meetings.limit)
        let now = start + .seconds(20)
        #expect(throws: HandshakeError.unknownKey) { try meetings.find(all[9].id, now: now) }
        _ = try meetings.find(all[10].id, now: now)
        meetings.add(HandshakeWorld.meetings(UUID(), own).answerer, now: start + .seconds(60))
        #expect(meetings.count == 1)
    }

    @Test("The queue keeps its limits and the order of lanes, and ends with bye (2,000 generated sequences)")
    func outbox() throws {
        let first = SeededGenerator.processSeed
        for seed in first..<(first &+ 2000) {
            var random = SeededGenerator(seed: seed)
            let limits = Outbox.Limits(messages: 2000, replies: 300)
            var outbox = Outbox(limits)
            var expected: [UInt32: [[UInt8]]] = [:]
            var replies: [[UInt8]] = []
            var isWoken = false
            var hasClosed = false
            for _ in 0..<60 {
                switch Int.random(in: 0...6, using: &random) {
                case 0...2:
                    let lane = UInt32.random(in: 1...3, using: &random)
                    let frames = (0..<Int.random(in: 1...3, using: &random)).map { _ in
                        [1, UInt8(lane)] + [UInt8](repeating: 0, count: .random(in: 0...900, using: &random))
                    }
                    let before = outbox.bytes
                    switch outbox.append(frames, lane: lane) {
                    case .queued(let mustWake):
                        #expect(!hasClosed && mustWake != isWoken, "\(random)")
                        isWoken = true
                        expected[lane, default: []] += frames
                    case .full: #expect(outbox.bytes == before && before > 0, "\(random)")
                    case .closed: #expect(hasClosed)
                    }
                case 3:
                    let frame = [UInt8](repeating: 2, count: .random(in: 5...60, using: &random))
                    switch outbox.append(frame) {
                    case .queued(let mustWake):
                        #expect(!hasClosed && mustWake != isWoken, "\(random)")
                        isWoken = true
                        replies.append(frame)
                    case .full: #expect(replies.reduce(0) { $0 + $1.count } > 300 - 60, "\(random)")
                    case .closed: #expect(hasClosed)
                    }
                case 4 where Int.random(in: 0...9, using: &random) == 0:
                    if outbox.close() {
                        #expect(!isWoken, "\(random)")
                        isWoken = true
                    }
                    hasClosed = true
                default:
                    guard let frames = outbox.next(.random(in: 1...1500, using: &random)) else {
                        isWoken = false
                        continue
                    }
                    for frame in frames where frame != PeerFrameEncoder.encode(.bye) {
                        if frame[0] == 2 {
                            #expect(frame == replies.removeFirst(), "\(random)")
                        } else {
                            #expect(replies.isEmpty && frame == expected[UInt32(frame[1])]?.removeFirst(), "\(random)")
                        }
                    }
                }
                let kept = expected.values.joined().reduce(0) { $0 + $1.count }
                #expect(outbox.bytes == kept + replies.reduce(0) { $0 + $1.count }, "\(random)")
            }
            _ = outbox.close()
            var last: [UInt8]?
            while let frames = outbox.next(500) { last = frames.last ?? last }
            #expect(outbox.hasSaidBye && outbox.isEmpty, "\(random)")
            #expect(last == nil || last == PeerFrameEncoder.encode(.bye), "\(random)")
        }
    }

    @Test("A pulse asks after one interval of silence, and gives up after two (2,000 generated sequences)")
    func pulse() {
        let first = SeededGenerator.processSeed
        for seed in first..<(first &+ 2000) {
            var random = SeededGenerator(seed: seed)
            let interval = Duration.seconds(5)
            var now = ContinuousClock.now
            var pulse = Pulse(interval: interval, renewal: .seconds(300), now: now)
            var (received, wrote, isWaiting, asked) = (now, now, false, false)
            let start = now
            steps: for _ in 0..<200 {
                // Never later than the deadline, as a timer would be.
                let next = now + .milliseconds(.random(in: 0...4000, using: &random))
                now = min(next, max(now, pulse.deadline))
                if now < pulse.deadline {
                    switch Int.random(in: 0...3, using: &random) {
                    case 0:
                        pulse.received(at: now)
                        (received, asked) = (now, false)
                    case 1:
                        pulse.write(at: now)
                        if !isWaiting { (wrote, isWaiting) = (now, true) }
                    case 2 where isWaiting:
                        isWaiting = Bool.random(using: &random)
                        pulse.wrote(isWaiting: isWaiting, at: now)
                        wrote = now
                    default: break
                    }
                    #expect(pulse.tick(at: now) == nil || now >= pulse.deadline, "\(random)")
                    continue
                }
                switch pulse.tick(at: now) {
                case .ping:
                    #expect(!asked && received.duration(to: now) >= interval, "\(random)")
                    asked = true
                case .giveUp(.silent):
                    #expect(asked && received.duration(to: now) == interval * 2, "\(random)")
                    break steps
                case .giveUp(.stalled):
                    #expect(isWaiting && wrote.duration(to: now) == interval * 2, "\(random)")
                    break steps
                case .giveUp(let ending):
                    #expect(ending == .proofExpired && start.duration(to: now) == .seconds(300), "\(random)")
                    break steps
                case nil: Issue.record("nothing was due, \(random)")
                }
                #expect(pulse.deadline > now, "\(random)")
            }
        }
    }

    @Test("A new proof moves the end, and an old one ends the connection however much is said")
    func renewal() {
        let start = ContinuousClock.now
        var pulse = Pulse(interval: .seconds(5), renewal: .seconds(300), now: start)
        pulse.renew(at: start + .seconds(200))
        pulse.received(at: start + .seconds(499))
        #expect(pulse.tick(at: start + .seconds(499)) == nil)
        pulse.received(at: start + .seconds(500))
        #expect(pulse.deadline == start + .seconds(500))
        #expect(pulse.tick(at: start + .seconds(500)) == .giveUp(.proofExpired))
    }

    @Test("Both ends of two connections keep the same one, whatever the order in which they see them")
    func duplicates() throws {
        let sessions = [UUID(), UUID()].sorted { $0.uuidString < $1.uuidString }
        let (smaller, larger) = (sessions[0], sessions[1])
        for order in [[smaller, larger], [larger, smaller]] {
            var book = PeerBook<UUID>(limit: 8)
            for (number, dialler) in order.enumerated() {
                _ = try? book.admit(dialler, number: UInt64(number), to: larger, dialledBy: dialler) { _ in nil }
            }
            #expect(book[larger] == smaller && book.count == 1)
        }
        var book = PeerBook<Int>(limit: 8)
        _ = try book.admit(1, number: 1, to: larger, dialledBy: larger) { _ in nil }
        let leaving = try book.admit(2, number: 2, to: larger, dialledBy: larger) { _ in nil }
        #expect(leaving?.connection == 1 && leaving?.ending == .replaced)
        book.remove(larger, number: 1)
        #expect(book[larger] == 2)
        book.remove(larger, number: 2)
        #expect(book.count == 0)
    }

    @Test("A full book lets the connection go that was idle the longest, and refuses when all are in use")
    func fullBook() throws {
        let now = ContinuousClock.now
        var book = PeerBook<Int>(limit: 3)
        for number in 1...3 {
            _ = try book.admit(number, number: UInt64(number), to: UUID(), dialledBy: UUID()) { _ in nil }
        }
        #expect(throws: HandshakeError.tooManyPeers) {
            try book.admit(4, number: 4, to: UUID(), dialledBy: UUID()) { _ in nil }
        }
        let leaving = try book.admit(4, number: 4, to: UUID(), dialledBy: UUID()) { number in
            number == 1 ? nil : now - .seconds(number)
        }
        #expect(leaving?.connection == 3 && leaving?.ending == .idle && book.count == 3)
    }

    @Test("One failure a second is logged, with the number of those that were not")
    func throttle() {
        var throttle = FailureThrottle()
        let start = ContinuousClock.now
        #expect(throttle.note(at: start) == 1)
        for step in 1...9 { #expect(throttle.note(at: start + .milliseconds(100 * step)) == nil) }
        #expect(throttle.note(at: start + .seconds(1)) == 10)
        #expect(throttle.note(at: start + .seconds(3)) == 1)
    }
}
