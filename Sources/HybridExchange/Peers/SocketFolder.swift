#if Hybrid
    internal import Foundation
    internal import NIOCore

    #if canImport(Glibc)
        internal import Glibc
    #endif

    /// The folder of Unix sockets, which only the user of the process may enter.
    enum SocketFolder {
        /// Makes the folder when it is missing.
        ///
        /// - Throws: ``ListenError/folderNotPrivate`` when it belongs to another user, others may enter it, or it is a link.
        static func prepare(_ path: String) throws(ListenError) {
            if mkdir(path, 0o700) != 0, errno != EEXIST { throw .system(code: errno) }
            var facts = stat()
            guard lstat(path, &facts) == 0 else { throw .system(code: errno) }
            guard facts.st_mode & S_IFMT == S_IFDIR, facts.st_uid == geteuid(), facts.st_mode & 0o077 == 0 else {
                throw .folderNotPrivate
            }
        }

        /// The time for which a socket file without a socket stays: a process that binds makes the file first.
        private static let youth = 10
        /// The number of files that are looked at.
        private static let limit = 4096

        /// Removes the socket files that dead processes left. Those of living ones stay.
        static func removeStale(_ folder: String) {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            for name in names.prefix(limit) where UUID(uuidString: name) != nil {
                let path = folder + "/" + name
                guard isOldSocket(path), !isBound(path) else { continue }
                unlink(path)
            }
        }

        private static func isOldSocket(_ path: String) -> Bool {
            var facts = stat()
            guard lstat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFSOCK, facts.st_uid == geteuid() else {
                return false
            }
            #if canImport(Darwin)
                let made = facts.st_mtimespec.tv_sec
            #else
                let made = facts.st_mtim.tv_sec
            #endif
            return made < time(nil) - youth
        }

        /// Returns whether a process has bound a socket file. A datagram socket can't connect to a socket of streams, and
        /// its error tells whether there is one. So the other process hears nothing of the question.
        private static func isBound(_ path: String) -> Bool {
            #if canImport(Darwin)
                let descriptor = socket(AF_UNIX, SOCK_DGRAM, 0)
            #else
                let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            #endif
            guard descriptor >= 0 else { return true }
            defer { close(descriptor) }
            guard let address = try? SocketAddress(unixDomainSocketPath: path) else { return true }
            return address.withSockAddr { connect(descriptor, $0, socklen_t($1)) } == 0 || errno != ECONNREFUSED
        }
    }
#endif
