import ExchangeTestKit
import Foundation
import Testing

/// A datagram socket as systemd has one: with a path, or in the abstract namespace.
final class NoticeSocket: Sendable {
    /// The value of `NOTIFY_SOCKET`.
    let name: String

    private let descriptor: Int32
    private let directory: TemporaryDirectory

    init(isAbstract: Bool) throws {
        directory = try TemporaryDirectory(prefix: "notice")
        name = isAbstract ? "@warren-\(UUID().uuidString)" : directory.path("socket")
        let kind = SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        descriptor = socket(AF_UNIX, Int32(kind), 0)
        try #require(descriptor >= 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = Array(name.utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: isAbstract ? [0] + path.dropFirst() : path) }
        let head = MemoryLayout<sockaddr_un>.size - MemoryLayout.size(ofValue: address.sun_path)
        let length = socklen_t(head + path.count)
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        try #require(bound == 0, "errno \(errno)")
    }

    deinit { close(descriptor) }

    /// Returns the datagrams that came since the last call.
    func received() -> [String] {
        var texts: [String] = []
        var buffer = [UInt8](repeating: 0, count: 256)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return texts }
            texts.append(String(decoding: buffer.prefix(count), as: UTF8.self))
        }
    }
}
