internal import AgentExchange
internal import Foundation

/// Writes frames. Pure.
enum PeerFrameEncoder {
    /// Marks of a piece.
    struct PieceMarks: OptionSet {
        let rawValue: UInt8

        static let first = PieceMarks(rawValue: 1)
        static let last = PieceMarks(rawValue: 2)
        static let copied = PieceMarks(rawValue: 4)
    }

    /// Marks of a lane's ends.
    struct LaneMarks: OptionSet {
        let rawValue: UInt8

        static let fromUser = LaneMarks(rawValue: 1)
        static let toUser = LaneMarks(rawValue: 2)
        static let sourceName = LaneMarks(rawValue: 4)
        static let destinationName = LaneMarks(rawValue: 8)
        static let marker = LaneMarks(rawValue: 16)
    }

    /// Returns the bytes of a frame. A message must fit one piece: see ``data(lane:opening:isCopied:_:)``.
    static func encode(_ frame: PeerFrame) -> [UInt8] {
        if case .data(let lane, let opening, let isCopied, let message) = frame {
            return data(lane: lane, opening: opening, isCopied: isCopied, message).flatMap { $0 }
        }
        var writer = ByteWriter(capacity: 64)
        let start = writer.beginFrame()
        switch frame {
        case .data: break
        case .ack(let counts):
            writer.write(byte: PeerFrame.Code.ack.rawValue)
            for count in counts {
                writer.write(UInt64(count.lane))
                writer.write(UInt64(count.opening))
                writer.write(count.count)
            }
        case .open(let lane, let opening, let id, let marker):
            writer.write(byte: PeerFrame.Code.open.rawValue)
            writer.write(UInt64(lane))
            writer.write(UInt64(opening))
            write(id, marker, &writer)
        case .opened(let lane, let opening, let marker):
            writer.write(byte: PeerFrame.Code.opened.rawValue)
            writer.write(UInt64(lane))
            writer.write(UInt64(opening))
            writer.write(marker)
        case .refused(let lane, let opening, let position, let reason):
            writer.write(byte: PeerFrame.Code.refused.rawValue)
            writer.write(UInt64(lane))
            writer.write(UInt64(opening))
            writer.write(position)
            writer.write(byte: reason.rawValue)
        case .queued(let lane, let tag):
            writer.write(byte: PeerFrame.Code.queued.rawValue)
            writer.write(UInt64(lane))
            writer.write(tag)
        case .notice(let lane, let message):
            writer.write(byte: PeerFrame.Code.notice.rawValue)
            writer.write(UInt64(lane))
            writer.write(rest: message)
        case .ping(let number):
            writer.write(byte: PeerFrame.Code.ping.rawValue)
            writer.write(fixed: number)
        case .pong(let number):
            writer.write(byte: PeerFrame.Code.pong.rawValue)
            writer.write(fixed: number)
        case .bye:
            writer.write(byte: PeerFrame.Code.bye.rawValue)
        case .close(let lane):
            writer.write(byte: PeerFrame.Code.close.rawValue)
            writer.write(UInt64(lane))
        }
        writer.endFrame(start)
        return writer.bytes
    }

    /// Returns the frames of a message: one, or several pieces of ``PeerFrame/largestPiece``. Frames of other lanes may go
    /// between them, frames of the same lane may not.
    static func data(lane: UInt32, opening: UInt32, isCopied: Bool, _ message: [UInt8]) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var start = 0
        repeat {
            let end = min(message.count, start + PeerFrame.largestPiece)
            var marks: PieceMarks = isCopied ? .copied : []
            if start == 0 { marks.insert(.first) }
            if end == message.count { marks.insert(.last) }
            var writer = ByteWriter(capacity: end - start + 32)
            let frame = writer.beginFrame()
            writer.write(byte: PeerFrame.Code.data.rawValue)
            writer.write(UInt64(lane))
            writer.write(UInt64(opening))
            writer.write(byte: marks.rawValue)
            if marks.contains(.first), !marks.contains(.last) { writer.write(UInt64(message.count)) }
            writer.write(rest: message[start..<end])
            writer.endFrame(frame)
            pieces.append(writer.bytes)
            start = end
        } while start < message.count
        return pieces
    }

    private static func write(_ id: LaneID, _ marker: UUID?, _ writer: inout ByteWriter) {
        var marks = LaneMarks()
        if id.source.role == .user { marks.insert(.fromUser) }
        if id.destination.role == .user { marks.insert(.toUser) }
        if id.source.name != nil { marks.insert(.sourceName) }
        if id.destination.name != nil { marks.insert(.destinationName) }
        if marker != nil { marks.insert(.marker) }
        writer.write(byte: id.content.rawValue)
        writer.write(byte: marks.rawValue)
        writer.write(id.source.uuid)
        writer.write(id.destination.uuid)
        if let name = id.source.name { writer.write(name) }
        if let name = id.destination.name { writer.write(name) }
        if let marker { writer.write(marker) }
    }
}
