internal import CRabbitMQ

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The connection state of the library. Not `Sendable`: it lives and dies in what is isolated to one connection actor.
@safe
final class LibraryConnection {
    let state: amqp_connection_state_t
    private let decoder = FrameDecoder()
    private var isClosed = false
    /// The largest frame that may be sent, by agreement with the broker; 0 before ``takeOver()``.
    private(set) var frameMax = 0

    /// A state that is not connected yet; it is destroyed with this object.
    init() throws(AMQPError) {
        guard let state = unsafe amqp_new_connection() else { throw WireConnector.outOfMemory }
        unsafe self.state = state
    }

    deinit {
        // Also closes the socket.
        unsafe amqp_destroy_connection(state)
    }

    var descriptor: Int32 { unsafe amqp_get_sockfd(state) }
    var channelMax: Int { Int(unsafe amqp_get_channel_max(state)) }
    var heartbeat: Int { Int(unsafe amqp_get_heartbeat(state)) }

    /// What the broker said about itself at the login.
    func serverProperties() -> FieldTable {
        guard let table = unsafe amqp_get_server_properties(state) else { return [:] }
        return unsafe FieldTable(table.pointee, TextCache())
    }

    /// The connection is logged in. Switches the library's own heartbeats off, which would only run inside its calls, and has it
    /// take larger frames than those agreed on: RabbitMQ sends the header of a message in one frame, however large that is.
    func takeOver() {
        frameMax = Int(unsafe amqp_get_frame_max(state))
        // Outside of the idle state the library would abort the process.
        guard unsafe amqp_release_buffers_ok(state) != 0 else { return }
        let largest = Int32(ConnectionConfiguration.largestIncomingFrame)
        unsafe amqp_tune_connection(state, amqp_get_channel_max(state), largest, 0)
    }

    /// Takes a frame out of the bytes. Returns how many it used, and the frame when it is complete.
    func parse(_ bytes: UnsafeMutableRawBufferPointer) throws(AMQPError) -> (used: Int, frame: IncomingFrame?) {
        var frame = unsafe amqp_frame_t()
        let input = unsafe amqp_bytes_t(len: bytes.count, bytes: bytes.baseAddress)
        let used = unsafe amqp_handle_input(state, input, &frame)
        guard used >= 0 else { throw LibraryStatus.error(used) }
        guard unsafe frame.frame_type != 0 else { return (Int(used), nil) }
        return (Int(used), unsafe decoder.decode(frame))
    }

    /// A frame the library has read already, without touching the socket.
    func nextBufferedFrame() throws(AMQPError) -> IncomingFrame? {
        while unsafe amqp_frames_enqueued(state) != 0 || amqp_data_in_buffer(state) != 0 {
            guard let frame = try nextFrame() else { return nil }
            return frame
        }
        return nil
    }

    /// The next frame the library has or can read without waiting.
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

    /// Ends the traffic at once; the descriptor itself goes with this object.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        let descriptor = descriptor
        if descriptor >= 0 { SocketOptions.shutdown(descriptor) }
    }
}
