import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import HybridExchange

@Suite("Frames between peers")
struct FrameTests {
    static let sizes = PeerFrameDecoder.Sizes(maximumMessageSize: 1 << 20, windowBytes: 1 << 20)

    /// Reads all frames of some bytes that come in chunks of a size.
    static func read(
        _ bytes: [UInt8],
        chunk: Int,
        _ sizes: PeerFrameDecoder.Sizes = sizes
    ) throws(PeerFrameError) -> [PeerFrame] {
        var decoder = PeerFrameDecoder(sizes)
        var frames: [PeerFrame] = []
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + chunk)
            decoder.append(bytes[start..<end])
            while let frame = try decoder.next() { frames.append(frame) }
            start = end
        }
        return frames
    }

    @Test("Frames come back from their bytes, in every split")
    func splits() throws {
        var samples = FrameSamples(seed: SeededGenerator.processSeed)
        for _ in 0..<60 {
            let frames = (0..<4).map { _ in samples.frame() }
            let bytes = frames.flatMap(PeerFrameEncoder.encode)
            let chunks = bytes.count < 300 ? Array(1...bytes.count) : [977, 65_536, bytes.count]
            for chunk in chunks {
                guard try Self.read(bytes, chunk: chunk) != frames else { continue }
                Issue.record("chunks of \(chunk) bytes, \(samples.random)")
            }
        }
    }

    @Test("A frame that is cut anywhere gives no frame, and no error")
    func prefixes() throws {
        var samples = FrameSamples(seed: SeededGenerator.processSeed)
        for _ in 0..<100 {
            let bytes = PeerFrameEncoder.encode(samples.frame())
            for count in 0..<min(bytes.count, 200) {
                guard try !Self.read(Array(bytes[..<count]), chunk: 4096).isEmpty else { continue }
                Issue.record("\(count) of \(bytes.count) bytes, \(samples.random)")
            }
        }
    }

    @Test("Messages come back with every field, and heads are small")
    func messages() throws {
        var samples = FrameSamples(seed: SeededGenerator.processSeed)
        for _ in 0..<1000 {
            let (message, lane) = try samples.message()
            let bytes = try MessageBytes.encode(message, on: lane)
            let read = try MessageBytes.decode(bytes, on: lane, principal: "shop")
            #expect(read == message, "\(samples.random)")
            #expect(read.source.name == message.source.name && read.destination.name == message.destination.name)
            if case .request(let request) = read { #expect(request.principal == "shop") }
        }
        let lane = LaneID(from: .user(UserID(name: "ann")), to: .agent(AgentID(name: "bank")), .requests)
        let request = try Request(
            from: lane.source,
            to: lane.destination,
            label: UUID(),
            deadline: .now,
            .action(name: "withdraw", arguments: .none)
        )
        let bytes = try MessageBytes.encode(.request(request), on: lane)
        let frame = PeerFrameEncoder.encode(.data(lane: 1, opening: 1, isCopied: false, message: bytes))
        #expect(frame.count - Message.request(request).payloadSize <= 64)
    }

    @Test("A message that is cut anywhere, or has bytes behind it, is refused by an error")
    func cutMessages() throws {
        var samples = FrameSamples(seed: SeededGenerator.processSeed)
        for _ in 0..<100 {
            let (message, lane) = try samples.message()
            let bytes = try MessageBytes.encode(message, on: lane)
            let head = bytes.count - message.payloadSize
            for count in 0..<head {
                guard (try? MessageBytes.decode(Array(bytes[..<count]), on: lane)) != nil else { continue }
                Issue.record("\(count) of \(head) bytes, \(samples.random)")
            }
        }
    }

    @Test("Fields of later versions are skipped")
    func later() throws {
        let lane = LaneID(from: .user(UserID()), to: .agent(AgentID()), .requests)
        let request = try Request(from: lane.source, to: lane.destination, .ping)
        var bytes = try MessageBytes.encode(.request(request), on: lane)
        // The marks are behind the kind; the content is the last byte.
        bytes[1] |= UInt8(MessageMarks.later.rawValue >> 8)
        bytes.insert(contentsOf: [3, 9, 9, 9], at: bytes.count - 1)
        #expect(try MessageBytes.decode(bytes, on: lane) == .request(request))
        let frames: [PeerFrame] = [.ping(1), .bye]
        let unknown: [UInt8] = [0, 0, 0, 3, 200, 1, 2]
        let stream = PeerFrameEncoder.encode(frames[0]) + unknown + PeerFrameEncoder.encode(frames[1])
        #expect(try Self.read(stream, chunk: 1) == frames)
    }

    @Test("Random bytes are read or refused (20,000 inputs)")
    func randomBytes() throws {
        var random = SeededGenerator()
        var refused = 0
        let lane = LaneID(from: .user(UserID()), to: .agent(AgentID()), .requests)
        let answers = LaneID(from: .agent(AgentID()), to: .user(UserID()), .responses)
        for _ in 0..<20_000 {
            var bytes = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            for lane in [lane, answers] { _ = try? MessageBytes.decode(bytes, on: lane) }
            if Bool.random(using: &random), bytes.count > 5 {
                // A valid length and a known kind, so that bodies are read.
                bytes.replaceSubrange(0..<4, with: [0, 0, 0, UInt8(bytes.count - 4)])
                bytes[4] = UInt8.random(in: 0...11, using: &random)
            }
            do {
                _ = try Self.read(bytes, chunk: 16)
            } catch {
                refused += 1
            }
        }
        #expect(refused > 5000)
    }

    @Test("After an error nothing more is read")
    func afterError() {
        var decoder = PeerFrameDecoder(Self.sizes)
        decoder.append([0, 0, 0, 2, 10, 1])
        for _ in 0..<2 {
            #expect(throws: PeerFrameError.excess) { try decoder.next() }
            decoder.append([0, 0, 0, 1, 10])
        }
        #expect(decoder.waitingBytes == 0)
    }

    @Test("Changed bytes of real messages are read or refused (20,000 inputs)")
    func changedBytes() throws {
        var samples = FrameSamples(seed: SeededGenerator.processSeed)
        for _ in 0..<2_000 {
            let (message, lane) = try samples.message()
            guard message.payloadSize < 1000 else { continue }
            let bytes = try MessageBytes.encode(message, on: lane)
            for _ in 0..<10 {
                var changed = bytes
                for _ in 0..<samples.number(1...3) {
                    changed[samples.number(0...bytes.count - 1)] = UInt8(samples.number(0...255))
                }
                _ = try? MessageBytes.decode(changed, on: lane)
            }
        }
    }
}

@Suite("Sizes of frames")
struct FrameSizeTests {
    let sizes = PeerFrameDecoder.Sizes(maximumMessageSize: 200_000, windowBytes: 100_000)

    /// The first bytes of a message's first piece.
    private func first(of size: Int, lane: UInt32) -> [UInt8] {
        let pieces = PeerFrameEncoder.data(lane: lane, opening: 1, isCopied: false, Array(repeating: 1, count: size))
        return pieces[0]
    }

    @Test(
        "A length of 4 GiB, and one of nothing, is refused before memory is taken",
        arguments: [UInt32.max, 65_601, 0]
    )
    func lengths(_ length: UInt32) {
        var decoder = PeerFrameDecoder(sizes)
        decoder.append((0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * UInt32($0))) })
        #expect(throws: PeerFrameError.invalidLength(length)) { try decoder.next() }
        #expect(decoder.waitingBytes == 0)
    }

    @Test("A message that is too large is refused at its first piece")
    func message() {
        let limit = sizes.message
        var decoder = PeerFrameDecoder(sizes)
        decoder.append(first(of: limit, lane: 1))
        #expect(throws: Never.self) { try decoder.next() }
        decoder = PeerFrameDecoder(sizes)
        decoder.append(first(of: limit + 1, lane: 1))
        #expect(throws: PeerFrameError.messageTooLarge(UInt64(limit + 1))) { try decoder.next() }
    }

    @Test("Messages that have begun have a limit together")
    func sum() throws {
        var decoder = PeerFrameDecoder(sizes)
        let size = sizes.begun / 2
        for lane in 1...2 {
            decoder.append(first(of: size, lane: UInt32(lane)))
            #expect(try decoder.next() == nil)
        }
        #expect(decoder.waitingBytes == 2 * PeerFrame.largestPiece)
        decoder.append(first(of: 70_000, lane: 3))
        #expect(throws: PeerFrameError.tooMuchBegun) { try decoder.next() }
    }

    @Test("Pieces must follow each other, be full, and make the size that the first told")
    func pieces() throws {
        let message = [UInt8](repeating: 7, count: 150_000)
        let pieces = PeerFrameEncoder.data(lane: 5, opening: 2, isCopied: true, message)
        #expect(pieces.count == 3)
        let misplaced = PeerFrameError.misplacedPiece(lane: 5)
        for order in [[1], [0, 0], [0, 2], [0, 1, 0], [2]] {
            #expect(throws: misplaced, "\(order)") {
                try FrameTests.read(order.flatMap { pieces[$0] }, chunk: 50_000, sizes)
            }
        }
        let other = PeerFrameEncoder.encode(.ping(3))
        let small = PeerFrameEncoder.data(lane: 6, opening: 1, isCopied: false, [1])[0]
        let mixed = pieces[0] + other + pieces[1] + small + pieces[2]
        let expected: [PeerFrame] = [
            .ping(3), .data(lane: 6, opening: 1, isCopied: false, message: [1]),
            .data(lane: 5, opening: 2, isCopied: true, message: message),
        ]
        #expect(try FrameTests.read(mixed, chunk: 999, sizes) == expected)
    }

    @Test("Numbers that do not fit are refused")
    func numbers() {
        let long: [UInt8] = [0, 0, 0, 12, 4] + Array(repeating: 255, count: 10) + [1]
        #expect(throws: PeerFrameError.invalid("a number has too many bytes")) { try FrameTests.read(long, chunk: 99) }
        let large: [UInt8] = [0, 0, 0, 7, 4, 255, 255, 255, 255, 31, 1]
        #expect(throws: PeerFrameError.invalid("a number is too large")) { try FrameTests.read(large, chunk: 99) }
        let behind: [UInt8] = [0, 0, 0, 2, 10, 1]
        #expect(throws: PeerFrameError.excess) { try FrameTests.read(behind, chunk: 99) }
    }

    @Test("Small frames do not wait behind a large message, and lanes keep their order")
    func schedule() {
        var schedule = FrameSchedule()
        let large = PeerFrameEncoder.data(lane: 1, opening: 1, isCopied: false, Array(repeating: 0, count: 200_000))
        let behind = PeerFrameEncoder.data(lane: 1, opening: 1, isCopied: false, [1])
        let small = PeerFrameEncoder.data(lane: 2, opening: 1, isCopied: false, [2])
        let ping = PeerFrameEncoder.encode(.ping(1))
        schedule.append(large, lane: 1)
        schedule.append(behind, lane: 1)
        #expect(schedule.next() == large[0])
        schedule.append(small, lane: 2)
        schedule.append(ping)
        let expected = [ping, large[1], small[0], large[2], large[3], behind[0]]
        #expect(expected.map { _ in schedule.next() } == expected)
        #expect(schedule.next() == nil && schedule.isEmpty)
    }
}
