internal import CRabbitMQ
internal import DequeModule

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// TLS: the library sends and receives, because its TLS object is not accessible.
///
/// Its sends block while the socket is full. So it gets a frame only while the socket accepts data, bodies are sent in
/// small pieces, and a watchdog shuts the descriptor down if a send still hangs.
final class LibraryWire: Wire {
    private enum Piece {
        case method(OutgoingMethod, channel: UInt16)
        case header(MessageProperties, bodySize: Int, channel: UInt16)
        case body(Data, channel: UInt16)
        case heartbeat

        /// A rough size, sufficient to know when to stop writing.
        var size: Int {
            if case .body(let data, _) = self { data.count } else { 128 }
        }
    }

    /// One TLS record; a third of the send buffer is free when the system reports the socket as writable.
    private static let pieceSize = 16 << 10
    private static let sendBuffer: Int32 = 256 << 10
    private static let sendLimit = Duration.seconds(5)
    private static let framesPerTurn = 4096

    let descriptor: Int32
    let frameMax: Int
    private let handle: LibraryConnection
    private let watchdog: SendWatchdog
    private let arena = EncodingArena()
    private var pieces: Deque<Piece> = []
    private(set) var unsent = 0

    init(_ handle: LibraryConnection) {
        self.handle = handle
        descriptor = handle.descriptor
        frameMax = handle.frameMax
        SocketOptions.setSendBuffer(descriptor, Self.sendBuffer)
        watchdog = SendWatchdog(descriptor: descriptor, limit: Self.sendLimit)
    }

    var wantsWrite: Bool { unsent > 0 }

    func write(_ method: OutgoingMethod, channel: UInt16) {
        add(.method(method, channel: channel))
    }

    func write(_ properties: MessageProperties, bodySize: Int, channel: UInt16) {
        add(.header(properties, bodySize: bodySize, channel: channel))
    }

    func write(body: Data, channel: UInt16) {
        let largest = min(Self.pieceSize, frameMax - OutgoingMethod.frameOverhead)
        var rest = body[...]
        while !rest.isEmpty {
            add(.body(rest.prefix(largest), channel: channel))
            rest = rest.dropFirst(largest)
        }
    }

    func writeHeartbeat() {
        add(.heartbeat)
    }

    private func add(_ piece: Piece) {
        pieces.append(piece)
        unsent += piece.size
    }

    func flush() throws(AMQPError) -> Bool {
        guard !pieces.isEmpty else { return false }
        var room = 0
        var any = false
        watchdog.begin()
        defer { watchdog.end() }
        while let piece = pieces.first {
            if room <= 0 {
                guard SocketOptions.isWritable(descriptor) else { break }
                room = Self.pieceSize
            }
            pieces.removeFirst()
            try send(piece)
            unsent -= piece.size
            room -= piece.size
            any = true
        }
        return any
    }

    func receive(_ deliver: (IncomingFrame) -> Void) throws(AMQPError) -> (received: Bool, more: Bool) {
        defer { handle.releaseBuffers() }
        // The library hides heartbeat frames, so any readable byte counts.
        var received = SocketOptions.isReadable(descriptor)
        for _ in 0..<Self.framesPerTurn {
            guard let frame = try handle.nextFrame() else { return (received, false) }
            received = true
            deliver(frame)
        }
        return (true, true)
    }

    func close() {
        watchdog.stop()
        handle.close()
    }

    private func send(_ piece: Piece) throws(AMQPError) {
        defer { arena.reset() }
        var out = unsafe amqp_frame_t()
        switch piece {
        case .heartbeat:
            unsafe out.frame_type = UInt8(AMQP_FRAME_HEARTBEAT)
            try unsafe handle.send(out)
        case .method(let method, let channel):
            unsafe out.frame_type = UInt8(AMQP_FRAME_METHOD)
            unsafe out.channel = channel
            let handle = handle
            let result: Result<Void, AMQPError> = unsafe method.withC(in: arena) { id, decoded in
                unsafe out.payload.method.id = id
                unsafe out.payload.method.decoded = decoded
                do throws(AMQPError) { return .success(try unsafe handle.send(out)) } catch { return .failure(error) }
            }
            try result.get()
        case .header(let properties, let bodySize, let channel):
            unsafe out.frame_type = UInt8(AMQP_FRAME_HEADER)
            unsafe out.channel = channel
            let decoded = unsafe arena.allocate(amqp_basic_properties_t.self, count: 1)
            unsafe decoded.initialize(to: properties.cProperties(in: arena))
            unsafe out.payload.properties.class_id = MethodID.basicClass
            unsafe out.payload.properties.body_size = UInt64(bodySize)
            unsafe out.payload.properties.decoded = UnsafeMutableRawPointer(decoded)
            try unsafe handle.send(out)
        case .body(let data, let channel):
            unsafe out.frame_type = UInt8(AMQP_FRAME_BODY)
            unsafe out.channel = channel
            unsafe out.payload.body_fragment = arena.copy(data)
            try unsafe handle.send(out)
        }
    }
}
