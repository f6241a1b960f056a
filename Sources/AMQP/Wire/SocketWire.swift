internal import CRabbitMQ

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Plain TCP: the library has logged in, and only encodes and parses from now on. The socket is ours and never blocks.
@safe
final class SocketWire: Wire {
    private static let inputSize = 256 << 10
    /// The maximum number of bytes read in one turn, so that writes and deadlines get their turn.
    private static let turnLimit = 4 << 20

    let descriptor: Int32
    private let handle: LibraryConnection
    private let encoder: FrameEncoder
    private let output = OutputBuffer()
    private let input: UnsafeMutableRawBufferPointer
    private var touched: [UInt16] = []

    init(_ handle: LibraryConnection) {
        self.handle = handle
        descriptor = handle.descriptor
        encoder = FrameEncoder(frameMax: handle.frameMax)
        unsafe input = .allocate(byteCount: Self.inputSize, alignment: 16)
    }

    deinit {
        unsafe input.deallocate()
    }

    var frameMax: Int { encoder.frameMax }
    var unsent: Int { output.count }
    var wantsWrite: Bool { output.count > 0 }

    func write(_ method: OutgoingMethod, channel: UInt16) throws(AMQPError) {
        try encoder.encode(method, channel: channel, into: output)
    }

    func write(_ properties: MessageProperties, bodySize: Int, channel: UInt16) throws(AMQPError) {
        try encoder.encode(properties, bodySize: bodySize, channel: channel, into: output)
    }

    func write(body: Data, channel: UInt16) throws(AMQPError) {
        encoder.encode(body: body, channel: channel, into: output)
    }

    func writeHeartbeat() {
        encoder.encodeHeartbeat(into: output)
    }

    func flush() throws(AMQPError) -> Bool {
        var any = false
        while output.count > 0 {
            let pending = unsafe output.pending
            #if os(Linux)
                let flags = Int32(MSG_DONTWAIT | MSG_NOSIGNAL)
            #else
                let flags = MSG_DONTWAIT
            #endif
            let sent = unsafe send(descriptor, pending.baseAddress, pending.count, flags)
            if sent > 0 {
                output.consume(sent)
                any = true
            } else if errno == EAGAIN || errno == EWOULDBLOCK {
                break
            } else if errno != EINTR {
                throw Self.lost(errno)
            }
        }
        return any
    }

    func receive(_ deliver: (IncomingFrame) -> Void) throws(AMQPError) -> (received: Bool, more: Bool) {
        var total = 0
        defer { releaseBuffers() }
        // The login may have read frames directly after its last reply.
        while let frame = try handle.nextBufferedFrame() {
            total += 1
            deliver(frame)
        }
        while total < Self.turnLimit {
            let count = unsafe recv(descriptor, input.baseAddress, input.count, dontWait)
            if count > 0 {
                total += count
                try parse(count, deliver)
                if count < Self.inputSize { return (true, false) }
            } else if count == 0 {
                throw AMQPError(code: .connectionLost, delivery: .unknown, message: "The broker ended the connection.")
            } else if errno == EAGAIN || errno == EWOULDBLOCK {
                return (total > 0, false)
            } else if errno != EINTR {
                throw Self.lost(errno)
            }
        }
        return (true, true)
    }

    func close() {
        handle.close()
    }

    private var dontWait: Int32 {
        #if os(Linux)
            Int32(MSG_DONTWAIT)
        #else
            MSG_DONTWAIT
        #endif
    }

    private func parse(_ count: Int, _ deliver: (IncomingFrame) -> Void) throws(AMQPError) {
        var rest = unsafe UnsafeMutableRawBufferPointer(rebasing: input[..<count])
        while unsafe !rest.isEmpty {
            let (used, frame) = try unsafe handle.parse(rest)
            unsafe rest = UnsafeMutableRawBufferPointer(rebasing: rest[used...])
            guard let frame else { continue }
            touch(frame)
            deliver(frame)
        }
    }

    private func touch(_ frame: IncomingFrame) {
        let channel: UInt16 =
            switch frame {
            case .method(let channel, _), .header(let channel, _, _, _), .body(let channel, _): channel
            case .heartbeat: 0
            }
        if touched.last != channel { touched.append(channel) }
    }

    /// Releases the buffers of channels with frames only: the library would otherwise visit every channel.
    private func releaseBuffers() {
        for channel in touched { handle.releaseBuffers(channel: channel) }
        touched.removeAll(keepingCapacity: true)
    }

    private static func lost(_ number: Int32) -> AMQPError {
        AMQPError(
            code: .connectionLost,
            delivery: .unknown,
            message: "The connection failed: \(unsafe String(cString: strerror(number)))."
        )
    }
}
