import ExchangeTestKit
import Foundation

/// An HTTP client that sends any head, and that can stop to read. One connection for each request.
final class RawHTTP: Sendable {
    /// An answer as it came.
    struct Answer: Sendable {
        let status: Int
        let head: String
        let body: String
    }

    private let descriptor: Int32

    /// Connects to a port of this machine.
    ///
    /// - Parameter window: The size of the buffer for what it does not read, or that of the machine.
    init(port: Int, window: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw POSIXError(.EMFILE) }
        if var window { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &window, socklen_t(MemoryLayout<Int32>.size)) }
        // A server that hangs fails the test.
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else {
            Foundation.close(descriptor)
            throw POSIXError(.ECONNREFUSED)
        }
    }

    deinit { Foundation.close(descriptor) }

    /// Sends text as it is. Returns whether the connection took it.
    @discardableResult
    func send(_ text: String) -> Bool {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            bytes.removeFirst(count)
        }
        return true
    }

    /// Returns some bytes that came, or `nil` at the end.
    func receive() -> String? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
    }

    /// Asks once, and returns the answer.
    static func ask(
        port: Int,
        _ method: String,
        _ path: String,
        headers: [String: String],
        body: String = ""
    ) throws -> Answer {
        let connection = try RawHTTP(port: port)
        var fields = ["Host": "127.0.0.1:\(port)", "Connection": "close"].merging(headers) { $1 }
        if !body.isEmpty { fields["Content-Length"] = "\(body.utf8.count)" }
        let lines = fields.map { "\($0.key): \($0.value)\r\n" }.joined()
        connection.send("\(method) \(path) HTTP/1.1\r\n\(lines)\r\n\(body)")
        var text = ""
        while let part = connection.receive() { text += part }
        let parts = text.split(separator: "\r\n\r\n", maxSplits: 1).map(String.init)
        let status = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return Answer(status: status, head: parts.first ?? "", body: parts.count > 1 ? parts[1] : "")
    }
}
