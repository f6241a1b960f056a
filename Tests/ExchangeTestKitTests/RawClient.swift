/// As much of AMQP 0-9-1 as it takes to be seen by a broker: logs in, opens a channel, consumes.
final class RawClient {
    private let socket: LoopbackSocket

    /// Logs in as guest and says who it is.
    init(port: Int, name: String) throws {
        socket = try LoopbackSocket(port: port)
        try socket.send(Array("AMQP".utf8) + [0, 0, 9, 1])
        _ = try nextMethod()
        let capabilities =
            field("capabilities") + [UInt8(ascii: "F")] + long(field("basic.nack") + [UInt8(ascii: "t"), 1])
        let properties = field("connection_name") + [UInt8(ascii: "S")] + long(Array(name.utf8)) + capabilities
        let login = field("PLAIN") + long([0] + Array("guest".utf8) + [0] + Array("guest".utf8))
        try send(channel: 0, [0, 10, 0, 11] + long(properties) + login + field("en_US"))
        _ = try nextMethod()
        try send(channel: 0, [0, 10, 0, 31, 0, 8] + number(131_072) + [0, 0])
        try send(channel: 0, [0, 10, 0, 40] + field("/") + field("") + [0])
        _ = try nextMethod()
    }

    /// Opens channel 1 and consumes there.
    func consume(_ queue: String, tag: String) throws {
        try send(channel: 1, [0, 20, 0, 10, 0])
        _ = try nextMethod()
        try send(channel: 1, [0, 60, 0, 20, 0, 0] + field(queue) + field(tag) + [0] + long([]))
        _ = try nextMethod()
    }

    private func send(channel: UInt8, _ payload: [UInt8]) throws {
        try socket.send([1, 0, channel] + long(payload) + [0xCE])
    }

    /// The payload of the next frame.
    func nextMethod() throws -> [UInt8] {
        let header = try socket.receive(exactly: 7)
        guard header.count == 7, header[0] == 1 else { throw LoopbackSocket.Failure(code: 0) }
        let size = header[3...6].reduce(0) { $0 << 8 | Int($1) }
        return try socket.receive(exactly: size + 1)
    }

    private func field(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }
    private func long(_ bytes: [UInt8]) -> [UInt8] { number(UInt32(bytes.count)) + bytes }
    private func number(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
}
