internal import Foundation

/// Stream sockets that no child inherits. A write to a closed one returns an error instead of raising SIGPIPE.
enum StreamSocket {
    #if os(Linux)
        /// The flags of `send`.
        static let sendFlags = Int32(MSG_NOSIGNAL)

        /// Returns a socket, or -1 with `errno`.
        static func make(_ family: Int32, isBlocking: Bool) -> Int32 {
            socket(family, kind(isBlocking), 0)
        }

        /// Returns two connected sockets, or `nil` with `errno`.
        static func pair(isBlocking: Bool) -> (reading: Int32, writing: Int32)? {
            var ends: [Int32] = [-1, -1]
            return socketpair(AF_UNIX, kind(isBlocking), 0, &ends) == 0 ? (ends[0], ends[1]) : nil
        }

        /// A socket is made so in one step. Otherwise a child that starts meanwhile could inherit it, and its end would never be
        /// read.
        private static func kind(_ isBlocking: Bool) -> Int32 {
            let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
            return isBlocking ? kind : kind | Int32(SOCK_NONBLOCK.rawValue)
        }

        /// Prepares an accepted socket.
        static func prepare(_ descriptor: Int32, isBlocking: Bool) {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            if !isBlocking { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
        }
    #else
        /// The flags of `send`: the option of the socket keeps SIGPIPE away.
        static let sendFlags: Int32 = 0

        /// Returns a socket, or -1 with `errno`.
        static func make(_ family: Int32, isBlocking: Bool) -> Int32 {
            let descriptor = socket(family, SOCK_STREAM, 0)
            if descriptor >= 0 { prepare(descriptor, isBlocking: isBlocking) }
            return descriptor
        }

        /// Returns two connected sockets, or `nil` with `errno`.
        static func pair(isBlocking: Bool) -> (reading: Int32, writing: Int32)? {
            var ends: [Int32] = [-1, -1]
            guard socketpair(AF_UNIX, SOCK_STREAM, 0, &ends) == 0 else { return nil }
            for end in ends { prepare(end, isBlocking: isBlocking) }
            return (ends[0], ends[1])
        }

        /// Prepares a socket. A child that starts meanwhile inherits nothing: see `Spawn`.
        static func prepare(_ descriptor: Int32, isBlocking: Bool) {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            if !isBlocking { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
            var on: Int32 = 1
            _ = setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
        }
    #endif
}
