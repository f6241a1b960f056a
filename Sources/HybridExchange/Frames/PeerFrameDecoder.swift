internal import AgentExchange
internal import Foundation

/// Reads frames from the bytes of a connection, which may come in any split. A pure value.
///
/// After an error nothing more is read. Sizes are checked before memory is taken.
struct PeerFrameDecoder: Sendable {
    /// The sizes that this side takes, in bytes.
    struct Sizes: Sendable, Hashable {
        /// One message, with its head.
        let message: Int
        /// All messages together of which some pieces came.
        let begun: Int

        /// The largest head of a message: both names, an error text, a context, a path and the rest.
        static let head = 32 << 10

        /// The sizes for messages with a payload of at most `maximumMessageSize` bytes, from a peer with a window of
        /// `windowBytes`.
        init(maximumMessageSize: Int, windowBytes: Int) {
            let (sum, isTooLarge) = maximumMessageSize.addingReportingOverflow(Self.head)
            message = isTooLarge ? .max : sum
            begun = max(message, windowBytes)
        }
    }

    /// A message of which the last piece has not come.
    private struct Partial: Sendable {
        let opening: UInt32
        let isCopied: Bool
        let size: Int
        var bytes: [UInt8]
    }

    /// The largest capacity of the buffer while nothing waits in it.
    private static let keptCapacity = 4096

    private let sizes: Sizes
    private var buffer: [UInt8] = []
    private var position = 0
    private var partials: [UInt32: Partial] = [:]
    private var begun = 0
    private var failure: PeerFrameError?

    init(_ sizes: Sizes) {
        self.sizes = sizes
    }

    /// The number of bytes that wait for the rest of their frame or message.
    var waitingBytes: Int { partials.values.reduce(buffer.count - position) { $0 + $1.bytes.count } }

    /// Adds bytes as they came. Call ``next()`` until it returns `nil` before adding more.
    mutating func append(_ bytes: some Sequence<UInt8>) {
        guard failure == nil else { return }
        if position > 0 {
            buffer.removeFirst(position)
            position = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// Returns the next complete frame; `nil` when more bytes are needed.
    mutating func next() throws(PeerFrameError) -> PeerFrame? {
        if let failure { throw failure }
        do throws(PeerFrameError) {
            return try read()
        } catch {
            failure = error
            buffer = []
            position = 0
            partials = [:]
            throw error
        }
    }

    private mutating func read() throws(PeerFrameError) -> PeerFrame? {
        while buffer.count - position >= 4 {
            let length = buffer[position..<position + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            guard length > 0, length <= PeerFrame.largestLength else { throw .invalidLength(length) }
            let end = position + 4 + Int(length)
            guard buffer.count >= end else { return nil }
            let start = position + 4
            position = end
            guard let code = PeerFrame.Code(rawValue: buffer[start]) else { continue }
            if let frame = try body(code, start + 1..<end) { return frame }
        }
        if position == buffer.count {
            // An idle connection keeps little.
            buffer.removeAll(keepingCapacity: buffer.capacity <= Self.keptCapacity)
            position = 0
        }
        return nil
    }

    private mutating func body(_ code: PeerFrame.Code, _ range: Range<Int>) throws(PeerFrameError) -> PeerFrame? {
        if code == .data { return try piece(range) }
        // `withUnsafeBytes` has no typed throws for arrays.
        let result = buffer.withUnsafeBytes { bytes -> Result<PeerFrame, PeerFrameError> in
            var reader = ByteReader(UnsafeRawBufferPointer(rebasing: bytes[range]))
            do throws(PeerFrameError) {
                return .success(try Self.control(code, &reader))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private static func control(_ code: PeerFrame.Code, _ reader: inout ByteReader) throws(PeerFrameError) -> PeerFrame
    {
        let frame: PeerFrame
        switch code {
        case .ack:
            var counts: [PeerFrame.LaneCount] = []
            while !reader.isAtEnd {
                let (lane, opening) = (try reader.number(UInt32.self), try reader.number(UInt32.self))
                counts.append(PeerFrame.LaneCount(lane: lane, opening: opening, count: try reader.number()))
            }
            frame = .ack(counts)
        case .open:
            let (lane, opening) = (try reader.number(UInt32.self), try reader.number(UInt32.self))
            let (id, marker) = try ends(&reader)
            frame = .open(lane: lane, opening: opening, id, marker: marker)
        case .opened:
            frame = .opened(lane: try reader.number(), opening: try reader.number(), marker: try reader.uuid())
        case .refused:
            let (lane, opening) = (try reader.number(UInt32.self), try reader.number(UInt32.self))
            let position = try reader.number(UInt64.self)
            // A later version may have further reasons; all of them send the message through the broker.
            let reason = Refusal(rawValue: try reader.byte()) ?? .busy
            frame = .refused(lane: lane, opening: opening, from: position, reason)
        case .queued:
            frame = .queued(lane: try reader.number(), tag: try reader.uuid())
        case .notice:
            frame = .notice(lane: try reader.number(), message: Array(reader.rest()))
        case .ping:
            frame = .ping(try reader.fixed(UInt64.self))
        case .pong:
            frame = .pong(try reader.fixed(UInt64.self))
        case .close:
            frame = .close(lane: try reader.number())
        case .bye, .data:
            frame = .bye
        }
        try reader.end()
        return frame
    }

    private static func ends(_ reader: inout ByteReader) throws(PeerFrameError) -> (LaneID, marker: UUID?) {
        guard let content = LaneContent(rawValue: try reader.byte()) else {
            throw .invalid("a lane has requests or responses")
        }
        let marks = PeerFrameEncoder.LaneMarks(rawValue: try reader.byte())
        let (source, destination) = (try reader.uuid(), try reader.uuid())
        let limit = MessageLimits.displayName
        let sourceName = marks.contains(.sourceName) ? try reader.text(atMost: limit) : nil
        let destinationName = marks.contains(.destinationName) ? try reader.text(atMost: limit) : nil
        let marker = marks.contains(.marker) ? try reader.uuid() : nil
        let id = LaneID(
            from: EntityID(role: marks.contains(.fromUser) ? .user : .agent, uuid: source, name: sourceName),
            to: EntityID(role: marks.contains(.toUser) ? .user : .agent, uuid: destination, name: destinationName),
            content
        )
        return (id, marker)
    }
}

// MARK: Pieces

extension PeerFrameDecoder {
    /// Adds a piece to its message. Returns the frame when the message is complete.
    private mutating func piece(_ range: Range<Int>) throws(PeerFrameError) -> PeerFrame? {
        let head = buffer.withUnsafeBytes { bytes -> Result<PieceHead, PeerFrameError> in
            var reader = ByteReader(UnsafeRawBufferPointer(rebasing: bytes[range]))
            do throws(PeerFrameError) {
                return .success(try PieceHead(&reader))
            } catch {
                return .failure(error)
            }
        }
        let piece = try head.get()
        let bytes = buffer[(range.upperBound - piece.bytes)..<range.upperBound]
        // All pieces but the last are full, so that many messages can't be begun with few bytes.
        let isLast = piece.marks.contains(.last)
        guard isLast ? piece.bytes <= PeerFrame.largestPiece : piece.bytes == PeerFrame.largestPiece else {
            throw .invalid("a piece has another size than it must")
        }
        guard var partial = partials[piece.lane] else {
            guard piece.marks.contains(.first) else { throw .misplacedPiece(lane: piece.lane) }
            guard piece.size <= UInt64(sizes.message) else { throw .messageTooLarge(piece.size) }
            if isLast { return piece.frame(Array(bytes)) }
            guard UInt64(piece.bytes) < piece.size else { throw .misplacedPiece(lane: piece.lane) }
            let size = Int(piece.size)
            guard size <= sizes.begun - begun else { throw .tooMuchBegun }
            begun += size
            partials[piece.lane] = Partial(
                opening: piece.opening,
                isCopied: piece.marks.contains(.copied),
                size: size,
                bytes: Array(bytes)
            )
            return nil
        }
        let sum = partial.bytes.count + piece.bytes
        guard !piece.marks.contains(.first), piece.opening == partial.opening, piece.bytes > 0,
            isLast ? sum == partial.size : sum < partial.size
        else { throw .misplacedPiece(lane: piece.lane) }
        partials[piece.lane] = nil
        partial.bytes.append(contentsOf: bytes)
        guard isLast else {
            partials[piece.lane] = partial
            return nil
        }
        begun -= partial.size
        return .data(
            lane: piece.lane,
            opening: partial.opening,
            isCopied: partial.isCopied,
            message: partial.bytes
        )
    }

    /// The numbers before the bytes of a piece.
    private struct PieceHead {
        let lane: UInt32
        let opening: UInt32
        let marks: PeerFrameEncoder.PieceMarks
        /// The size of the message: told by the first of several pieces, or that of the only one.
        let size: UInt64
        /// The number of bytes that follow.
        let bytes: Int

        init(_ reader: inout ByteReader) throws(PeerFrameError) {
            lane = try reader.number()
            opening = try reader.number()
            marks = PeerFrameEncoder.PieceMarks(rawValue: try reader.byte())
            let told = marks.contains(.first) && !marks.contains(.last) ? try reader.number(UInt64.self) : nil
            bytes = reader.rest().count
            size = told ?? UInt64(bytes)
        }

        func frame(_ message: [UInt8]) -> PeerFrame {
            .data(lane: lane, opening: opening, isCopied: marks.contains(.copied), message: message)
        }
    }
}
