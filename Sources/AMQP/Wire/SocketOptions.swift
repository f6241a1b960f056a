internal import CRabbitMQ

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The system calls on descriptors that several types share.
enum SocketOptions {
    /// Ends both directions. Threads blocked on the descriptor return.
    static func shutdown(_ descriptor: Int32) {
        #if canImport(Glibc)
            _ = Glibc.shutdown(descriptor, Int32(SHUT_RDWR))
        #else
            _ = Darwin.shutdown(descriptor, SHUT_RDWR)
        #endif
    }

    /// Asks for a send buffer of this size; the system may give less.
    static func setSendBuffer(_ descriptor: Int32, _ size: Int32) {
        var size = size
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Returns whether the descriptor accepts data now.
    static func isWritable(_ descriptor: Int32) -> Bool { isReady(descriptor, Int16(POLLOUT)) }

    /// Returns whether the descriptor is readable now.
    static func isReadable(_ descriptor: Int32) -> Bool { isReady(descriptor, Int16(POLLIN)) }

    /// Returns the numeric address of this side of a socket; `nil` when it has none, such as a Unix socket.
    static func localAddress(_ descriptor: Int32) -> String? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let result = unsafe withUnsafeMutablePointer(to: &storage) { storage in
            unsafe storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard unsafe getsockname(descriptor, address, &length) == 0 else { return Int32(-1) }
                let size = socklen_t(host.count)
                return unsafe getnameinfo(address, length, &host, size, nil, 0, NI_NUMERICHOST)
            }
        }
        guard result == 0, storage.ss_family != sa_family_t(AF_UNIX) else { return nil }
        return String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func isReady(_ descriptor: Int32, _ events: Int16) -> Bool {
        var entry = pollfd(fd: descriptor, events: events, revents: 0)
        return unsafe poll(&entry, 1, 0) == 1
    }
}
