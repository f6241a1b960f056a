/// An address at which a session can be dialled.
enum PeerEndpoint: Sendable, Hashable {
    /// A host name or address, and a port.
    case tcp(host: String, port: Int)
    /// The path of a Unix socket on the same machine.
    case unix(path: String)
}

/// A place where a session listens for peers.
enum ListenPlace: Sendable, Hashable {
    /// A local address, and ports that are tried in order. Without ports the kernel chooses one.
    case tcp(host: String, ports: [Int] = [])
    /// A folder for the socket. It is made with mode 0700 when it is missing.
    case unix(folder: String)
}

/// The reason that a session can't listen.
enum ListenError: Error, Hashable {
    /// All named ports are taken or may not be used; the code of the last one is that of the system.
    case noFreePort(code: Int32)
    /// The path of the socket has more than 107 bytes, the limit of Linux.
    case pathTooLong(Int)
    /// The folder belongs to another user, or others may enter it.
    case folderNotPrivate
    /// There is no network interface with this name and an address.
    case noInterface(String)
    /// A system call failed.
    case system(code: Int32)
    /// The host is closed.
    case closed

    /// The reason as text.
    var text: String {
        switch self {
        case .noFreePort(let code): "no named port is free (error \(code) of the system)"
        case .pathTooLong(let bytes): "the path of the socket has \(bytes) bytes, more than 107"
        case .folderNotPrivate: "the folder of the socket belongs to another user, or others may enter it"
        case .noInterface(let name): "there is no network interface \(name) with an address"
        case .system(let code): "error \(code) of the system"
        case .closed: "the exchange is closed"
        }
    }
}
