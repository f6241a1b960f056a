internal import CRabbitMQ

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The library's connection state. Not `Sendable`: it stays within objects isolated to one connection actor.
@safe
final class LibraryConnection {
    let state: amqp_connection_state_t
    private let decoder = FrameDecoder()
    private var isClosed = false
    /// The largest frame that may be sent, as negotiated with the broker; 0 before ``takeOver()``.
    private(set) var frameMax = 0

    /// Makes an unconnected state, which is destroyed with this object.
    init() throws(AMQPError) {
        guard let state = unsafe amqp_new_connection() else { throw AMQPError.outOfMemory }
        unsafe self.state = state
    }

    deinit {
        // Also closes the socket.
        unsafe amqp_destroy_connection(state)
    }

    var descriptor: Int32 { unsafe amqp_get_sockfd(state) }
    var channelMax: Int { Int(unsafe amqp_get_channel_max(state)) }
    var heartbeat: Int { Int(unsafe amqp_get_heartbeat(state)) }

    /// Returns the broker's properties from the login.
    func serverProperties() -> FieldTable {
        guard let table = unsafe amqp_get_server_properties(state) else { return [:] }
        return unsafe FieldTable(table.pointee, TextCache())
    }

    /// Takes over the logged-in connection. Disables the library's own heartbeats, which would only run inside its
    /// calls, and makes it accept frames larger than negotiated: RabbitMQ sends the header of a message in one frame of
    /// any size.
    func takeOver() {
        frameMax = Int(unsafe amqp_get_frame_max(state))
        // Outside of the idle state the library would abort the process.
        guard unsafe amqp_release_buffers_ok(state) != 0 else { return }
        let largest = Int32(ConnectionConfiguration.largestIncomingFrame)
        unsafe amqp_tune_connection(state, amqp_get_channel_max(state), largest, 0)
    }

    /// Parses a frame from the bytes. Returns the number of used bytes, and the frame when it is complete.
    func parse(_ bytes: UnsafeMutableRawBufferPointer) throws(AMQPError) -> (used: Int, frame: IncomingFrame?) {
        var frame = unsafe amqp_frame_t()
        let input = unsafe amqp_bytes_t(len: bytes.count, bytes: bytes.baseAddress)
        let used = unsafe amqp_handle_input(state, input, &frame)
        guard used >= 0 else { throw LibraryStatus.error(used) }
        guard unsafe frame.frame_type != 0 else { return (Int(used), nil) }
        return (Int(used), unsafe decoder.decode(frame))
    }

    /// Returns a frame that the library has already read, without touching the socket.
    func nextBufferedFrame() throws(AMQPError) -> IncomingFrame? {
        while unsafe amqp_frames_enqueued(state) != 0 || amqp_data_in_buffer(state) != 0 {
            guard let frame = try nextFrame() else { return nil }
            return frame
        }
        return nil
    }

    /// Returns the next frame that the library has or can read without waiting.
    func nextFrame() throws(AMQPError) -> IncomingFrame? {
        while true {
            var frame = unsafe amqp_frame_t()
            var zero = timeval()
            let status = unsafe amqp_simple_wait_frame_noblock(state, &frame, &zero)
            if status == AMQP_STATUS_TIMEOUT.rawValue { return nil }
            guard status == AMQP_STATUS_OK.rawValue else { throw LibraryStatus.error(status) }
            if let frame = unsafe decoder.decode(frame) { return frame }
        }
    }

    /// Sends a frame; may block while the socket is full.
    func send(_ frame: amqp_frame_t) throws(AMQPError) {
        var frame = unsafe frame
        let status = unsafe amqp_send_frame(state, &frame)
        guard status == AMQP_STATUS_OK.rawValue else { throw LibraryStatus.error(status) }
    }

    func releaseBuffers() { unsafe amqp_maybe_release_buffers(state) }

    func releaseBuffers(channel: UInt16) { unsafe amqp_maybe_release_buffers_on_channel(state, channel) }

    /// Ends the traffic at once. The descriptor itself is closed with this object.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        let descriptor = descriptor
        if descriptor >= 0 { SocketOptions.shutdown(descriptor) }
    }
}
