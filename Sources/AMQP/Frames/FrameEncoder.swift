internal import CRabbitMQ

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Encodes frames with the library's encoders.
struct FrameEncoder {
    private static let headerSize = 7
    private static let endMark: UInt8 = 0xCE
    private let arena = EncodingArena()
    let frameMax: Int

    init(frameMax: Int) {
        self.frameMax = frameMax
    }

    func encode(_ method: OutgoingMethod, channel: UInt16, into output: OutputBuffer) throws(AMQPError) {
        let room = unsafe output.reserve(frameMax)
        defer { arena.reset() }
        let size: Int32 = unsafe method.withC(in: arena) { id, decoded in
            unsafe Self.store(id, in: room, at: Self.headerSize)
            let target = unsafe Self.bytes(of: room, from: Self.headerSize + 4)
            return unsafe amqp_encode_method(id, decoded, target)
        }
        guard size >= 0 else { throw Self.doesNotFit(size) }
        unsafe finish(room, AMQP_FRAME_METHOD, channel: channel, size: Int(size) + 4, output)
    }

    func encode(
        _ properties: MessageProperties,
        bodySize: Int,
        channel: UInt16,
        into output: OutputBuffer
    ) throws(AMQPError) {
        let room = unsafe output.reserve(frameMax)
        defer { arena.reset() }
        unsafe Self.store(MethodID.basicClass, in: room, at: Self.headerSize)
        unsafe Self.store(UInt16(0), in: room, at: Self.headerSize + 2)
        unsafe Self.store(UInt64(bodySize), in: room, at: Self.headerSize + 4)
        var decoded = unsafe properties.cProperties(in: arena)
        let target = unsafe Self.bytes(of: room, from: Self.headerSize + 12)
        let size = unsafe amqp_encode_properties(MethodID.basicClass, &decoded, target)
        guard size >= 0 else { throw Self.doesNotFit(size) }
        unsafe finish(room, AMQP_FRAME_HEADER, channel: channel, size: Int(size) + 12, output)
    }

    func encodeHeartbeat(into output: OutputBuffer) {
        let room = unsafe output.reserve(OutgoingMethod.frameOverhead)
        unsafe finish(room, AMQP_FRAME_HEARTBEAT, channel: 0, size: 0, output)
    }

    func encode(body: Data, channel: UInt16, into output: OutputBuffer) {
        let largest = frameMax - OutgoingMethod.frameOverhead
        unsafe body.withUnsafeBytes { bytes in
            var offset = 0
            while offset < bytes.count {
                let size = min(largest, bytes.count - offset)
                let room = unsafe output.reserve(size + OutgoingMethod.frameOverhead)
                let target = unsafe UnsafeMutableRawBufferPointer(rebasing: room[Self.headerSize...])
                unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + size]))
                unsafe finish(room, AMQP_FRAME_BODY, channel: channel, size: size, output)
                offset += size
            }
        }
    }

    private func finish(
        _ room: UnsafeMutableRawBufferPointer,
        _ type: Int32,
        channel: UInt16,
        size: Int,
        _ output: OutputBuffer
    ) {
        unsafe room[0] = UInt8(truncatingIfNeeded: type)
        unsafe Self.store(channel, in: room, at: 1)
        unsafe Self.store(UInt32(size), in: room, at: 3)
        unsafe room[Self.headerSize + size] = Self.endMark
        output.commit(size + OutgoingMethod.frameOverhead)
    }

    private static func store<T: FixedWidthInteger>(_ value: T, in room: UnsafeMutableRawBufferPointer, at offset: Int)
    {
        unsafe room.storeBytes(of: value.bigEndian, toByteOffset: offset, as: T.self)
    }

    /// Returns the space for a payload. The last byte stays free for the end mark.
    private static func bytes(of room: UnsafeMutableRawBufferPointer, from offset: Int) -> amqp_bytes_t {
        let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: room[offset...])
        return unsafe amqp_bytes_t(len: rest.count - 1, bytes: rest.baseAddress)
    }

    private static func doesNotFit(_ status: Int32) -> AMQPError {
        AMQPError(
            code: .frameTooLarge,
            delivery: .unknown,
            message: "A frame could not be encoded: \(LibraryStatus.text(status))."
        )
    }
}
