import Foundation
import Glibc

/// Sends every byte back. One thread for each connection; it ends with the connections.
final class EchoServer: Sendable {
    let port: Int
    private let listener: Int32

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && listen(listener, 16) == 0 && getsockname(listener, $0, &size) == 0
            }
        }
        guard code else { throw LoopbackSocket.Failure(code: errno) }
        self.listener = listener
        port = Int(in_port_t(bigEndian: address.sin_port))
        Thread { Self.serve(listener) }.start()
    }

    deinit { _ = shutdown(listener, Int32(SHUT_RDWR)) }

    private static func serve(_ listener: Int32) {
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { break }
            Thread { echo(connection) }.start()
        }
        _ = close(listener)
    }

    private static func echo(_ connection: Int32) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0, send(connection, buffer, count, Int32(MSG_NOSIGNAL)) == count else { break }
        }
        _ = close(connection)
    }
}
