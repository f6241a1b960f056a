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

    private static func isReady(_ descriptor: Int32, _ events: Int16) -> Bool {
        var entry = pollfd(fd: descriptor, events: events, revents: 0)
        return unsafe poll(&entry, 1, 0) == 1
    }
}
