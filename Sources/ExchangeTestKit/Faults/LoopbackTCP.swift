internal import Foundation

/// The system calls of the proxy, all on 127.0.0.1 and non-blocking.
enum LoopbackTCP {
    enum ReadResult {
        case bytes([UInt8])
        case end
        case notNow
        case failed
    }

    /// Returns a listening socket. Its port number is chosen from a range that the kernel does not use for outgoing
    /// connections, so that it stays reserved while the socket does not listen.
    static func listener() throws -> (descriptor: Int32, port: Int) {
        var code: Int32 = 0
        for _ in 0..<100 {
            let descriptor = StreamSocket.make(AF_INET, isBlocking: false)
            guard descriptor >= 0 else { throw FaultProxyError(call: "socket", code: errno) }
            // Accepted connections use the port too: without this, listening again would fail.
            set(descriptor, SOL_SOCKET, SO_REUSEADDR)
            let port = Int.random(in: 20_000..<32_000)
            if withAddress(port, { bind(descriptor, $0, $1) }) == 0 && listen(descriptor, 128) == 0 {
                return (descriptor, port)
            }
            code = errno
            close(descriptor)
        }
        throw FaultProxyError(call: "bind", code: code)
    }

    /// Starts or stops listening: a bound socket that does not listen refuses connections.
    ///
    /// - Returns: Whether the socket listens now.
    static func setListening(_ descriptor: Int32, _ isListening: Bool) -> Bool {
        if isListening { return listen(descriptor, 128) == 0 }
        _ = shutdown(descriptor, Int32(SHUT_RD))
        return false
    }

    static func accept(_ listener: Int32) -> Int32? {
        let descriptor = Foundation.accept(listener, nil, nil)
        guard descriptor >= 0 else { return nil }
        StreamSocket.prepare(descriptor, isBlocking: false)
        set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY)
        return descriptor
    }

    /// Starts to connect. A refusal appears at the first read or write.
    static func connect(port: Int) -> Int32? {
        let descriptor = StreamSocket.make(AF_INET, isBlocking: false)
        guard descriptor >= 0 else { return nil }
        set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY)
        let result = withAddress(port) { Foundation.connect(descriptor, $0, $1) }
        if result == 0 || errno == EINPROGRESS { return descriptor }
        close(descriptor)
        return nil
    }

    static func read(_ descriptor: Int32, limit: Int) -> ReadResult {
        var buffer = [UInt8](repeating: 0, count: limit)
        let count = recv(descriptor, &buffer, limit, 0)
        if count > 0 { return .bytes(Array(buffer[..<count])) }
        if count == 0 { return .end }
        return errno == EAGAIN || errno == EINTR || errno == ENOTCONN ? .notNow : .failed
    }

    /// Returns the number of written bytes, or `nil` when the connection is broken.
    static func write(_ descriptor: Int32, _ bytes: ArraySlice<UInt8>) -> Int? {
        let count = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, StreamSocket.sendFlags) }
        if count >= 0 { return count }
        return errno == EAGAIN || errno == EINTR || errno == ENOTCONN ? 0 : nil
    }

    static func endStream(_ descriptor: Int32) { _ = shutdown(descriptor, Int32(SHUT_WR)) }

    static func close(_ descriptor: Int32) { _ = Foundation.close(descriptor) }

    /// Closes with RST instead of FIN.
    static func reset(_ descriptor: Int32) {
        var now = linger(l_onoff: 1, l_linger: 0)
        _ = setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        close(descriptor)
    }

    static func wakePair() throws -> (reading: Int32, writing: Int32) {
        guard let ends = StreamSocket.pair(isBlocking: false) else {
            throw FaultProxyError(call: "socketpair", code: errno)
        }
        return ends
    }

    /// A full buffer is as good as a byte: the thread wakes anyway.
    static func wake(_ descriptor: Int32) { _ = send(descriptor, [1], 1, StreamSocket.sendFlags) }

    private static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32) {
        var on: Int32 = 1
        _ = setsockopt(descriptor, level, option, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func withAddress(_ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
