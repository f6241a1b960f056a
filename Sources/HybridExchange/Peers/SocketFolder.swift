#if Hybrid
    internal import Foundation

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
    }
#endif
