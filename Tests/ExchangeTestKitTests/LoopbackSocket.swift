import Glibc

/// A plain TCP client on loopback. Reading waits in `poll`, at most as long as it is told.
final class LoopbackSocket {
    struct Failure: Error, Equatable {
        let code: Int32
    }

    let descriptor: Int32

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            let code = errno
            _ = close(descriptor)
            throw Failure(code: code)
        }
    }

    deinit { _ = close(descriptor) }

    func send(_ bytes: [UInt8]) throws {
        let count = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        guard count == bytes.count else { throw Failure(code: errno) }
    }

    /// Sends without waiting; how many bytes the kernel took.
    func sendWhatFits(_ bytes: [UInt8]) throws -> Int {
        let count = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        if count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) { return 0 }
        guard count >= 0 else { throw Failure(code: errno) }
        return count
    }

    /// What arrives: nil when nothing did in time, empty at the end of the stream.
    func receive(within time: Duration, limit: Int = 65_536) throws -> [UInt8]? {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let milliseconds = Int32(time / .milliseconds(1))
        guard poll(&waiting, 1, milliseconds) > 0 else { return nil }
        var buffer = [UInt8](repeating: 0, count: limit)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count >= 0 else { throw Failure(code: errno) }
        return Array(buffer[..<count])
    }

    /// Returns exactly this many bytes, unless no piece arrives in time or the stream ends.
    func receive(exactly count: Int, within time: Duration = .seconds(5)) throws -> [UInt8] {
        var all: [UInt8] = []
        while all.count < count, let piece = try receive(within: time, limit: count - all.count), !piece.isEmpty {
            all += piece
        }
        return all
    }
}
