import Glibc

/// As much of AMQP 0-9-1 as it takes to publish texts that are not UTF-8, which no decent client lets one do.
///
/// Calls block, at most 10 s for an answer.
final class RawPublisher {
    /// What went wrong, by the call.
    struct Failure: Error {
        let call: String
    }

    private let descriptor: Int32

    /// Logs in as guest and opens channel 1.
    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure(call: "connect") }
        try write(Array("AMQP".utf8) + [0, 0, 9, 1])
        _ = try readFrame()
        let login = Self.short("PLAIN") + Self.long([0] + Array("guest".utf8) + [0] + Array("guest".utf8))
        try send(channel: 0, [0, 10, 0, 11] + Self.long([]) + login + Self.short("en_US"))
        _ = try readFrame()
        try send(channel: 0, [0, 10, 0, 31, 0, 8] + Self.number(131_072) + [0, 0])
        try send(channel: 0, [0, 10, 0, 40] + Self.short("/") + Self.short("") + [0])
        _ = try readFrame()
        try send(channel: 1, [0, 20, 0, 10, 0])
        _ = try readFrame()
    }

    deinit { close(descriptor) }

    /// What a message has besides its body, as it stands on the wire.
    struct Properties {
        var contentType: [UInt8] = Array("application/json".utf8)
        /// Names and values, all of them texts.
        var headers: [(name: [UInt8], value: [UInt8])] = []
        var correlationID: [UInt8] = []
        var replyTo: [UInt8] = []
        var type: [UInt8] = []
    }

    /// Publishes a message with an empty body, and returns when the broker has taken it in.
    func publish(_ properties: Properties, exchange: String, key: String) throws {
        try send(channel: 1, [0, 60, 0, 40, 0, 0] + Self.short(exchange) + Self.short(key) + [0])
        let table = properties.headers.flatMap { Self.short($0.name) + [UInt8(ascii: "S")] + Self.long($0.value) }
        // Content type, headers, correlation id, reply to, type.
        let flags: [UInt8] = [0b1010_0110, 0b0010_0000]
        let fields =
            Self.short(properties.contentType) + Self.long(table) + Self.short(properties.correlationID)
            + Self.short(properties.replyTo) + Self.short(properties.type)
        try send(kind: 2, channel: 1, [0, 60, 0, 0] + [UInt8](repeating: 0, count: 8) + flags + fields)
        // Any request that is answered shows that what came before it was taken.
        try send(channel: 1, [0, 60, 0, 10] + Self.number(0) + [0, 0, 0])
        _ = try readFrame()
    }

    private func send(kind: UInt8 = 1, channel: UInt8, _ payload: [UInt8]) throws {
        try write([kind, 0, channel] + Self.long(payload) + [0xCE])
    }

    private func write(_ bytes: [UInt8]) throws {
        guard Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw Failure(call: "send")
        }
    }

    private func readFrame() throws -> [UInt8] {
        let header = try read(7)
        guard header[0] == 1 else { throw Failure(call: "a method was expected") }
        let payload = try read(header[3...6].reduce(0) { $0 << 8 | Int($1) } + 1)
        // connection.close and channel.close
        guard payload[1] != 10 || payload[3] != 50, payload[1] != 20 || payload[3] != 40 else {
            throw Failure(call: String(decoding: payload.dropFirst(6), as: UTF8.self))
        }
        return payload
    }

    private func read(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        guard recv(descriptor, &bytes, count, Int32(MSG_WAITALL)) == count else {
            throw Failure(call: "recv")
        }
        return bytes
    }

    private static func short(_ bytes: [UInt8]) -> [UInt8] { [UInt8(bytes.count)] + bytes }
    private static func short(_ text: String) -> [UInt8] { short(Array(text.utf8)) }
    private static func long(_ bytes: [UInt8]) -> [UInt8] { number(UInt32(bytes.count)) + bytes }
    private static func number(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
}
