#if canImport(FoundationEssentials)
    package import FoundationEssentials
#else
    package import Foundation
#endif

/// Encodes and decodes frames without a connection, for fuzzing programs of this package.
package enum FrameCodec {
    /// Returns the bytes of a header frame.
    package static func header(_ properties: MessageProperties, bodySize: Int) throws(AMQPError) -> Data {
        let output = OutputBuffer()
        try FrameEncoder(frameMax: 131_072).encode(properties, bodySize: bodySize, channel: 1, into: output)
        return unsafe Data(output.pending)
    }

    /// Reads frames as a connection does. Returns their number, and the properties in the header frames.
    ///
    /// - Throws: The error that would end the connection.
    package static func read(_ bytes: Data) throws(AMQPError) -> (frames: Int, properties: [MessageProperties]) {
        // A new state expects a server's greeting before the first frame.
        var input = Array("AMQP".utf8) + [0, 0, 9, 1] + bytes
        let parser = try LibraryConnection()
        var (frames, properties) = (0, [MessageProperties]())
        let result: Result<Void, AMQPError> = unsafe input.withUnsafeMutableBytes { buffer in
            var rest = unsafe buffer[...]
            do throws(AMQPError) {
                while unsafe !rest.isEmpty {
                    let (used, frame) = try unsafe parser.parse(UnsafeMutableRawBufferPointer(rebasing: rest))
                    unsafe rest = rest.dropFirst(used)
                    if frame != nil { frames += 1 }
                    if case .header(_, _, _, let header)? = frame { properties.append(header) }
                    if used == 0 { break }
                }
                return .success(())
            } catch { return .failure(error) }
        }
        try result.get()
        return (frames, properties)
    }
}
