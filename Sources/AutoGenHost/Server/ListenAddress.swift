#if AutoGen
    public import AgentExchange
    internal import GRPCNIOTransportHTTP2Posix

    /// The address that a host listens on: `HOST:PORT`, `[IPV6]:PORT`, or `unix:PATH`.
    public struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
        enum Kind: Sendable, Hashable {
            case ipv4(String, Int)
            case ipv6(String, Int)
            case unix(String)
        }

        let kind: Kind

        /// Reads an address. The host is a literal address or `localhost`; port 0 is any free port.
        ///
        /// - Throws: `ExchangeError.Code.invalidConfiguration`.
        public init(_ text: String) throws(ExchangeError) {
            if text.hasPrefix("unix:") {
                var path = text.dropFirst("unix:".count)
                if path.hasPrefix("//") { path = path.dropFirst(2) }
                // The limit of a socket's address.
                guard (1...103).contains(path.utf8.count) else { throw Self.invalid(text) }
                kind = .unix(String(path))
                return
            }
            guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
                throw Self.invalid(text)
            }
            let host = text[..<colon]
            if host.hasPrefix("["), host.hasSuffix("]") {
                kind = .ipv6(String(host.dropFirst().dropLast()), Int(port))
            } else if host == "localhost" {
                kind = .ipv4("127.0.0.1", Int(port))
            } else {
                let parts = host.split(separator: ".", omittingEmptySubsequences: false)
                guard parts.count == 4, parts.allSatisfy({ UInt8($0) != nil }) else { throw Self.invalid(text) }
                kind = .ipv4(String(host), Int(port))
            }
        }

        private static func invalid(_ text: String) -> ExchangeError {
            ExchangeError(
                .invalidConfiguration,
                "\"\(text.cut(toBytes: 64))\" is no address: 127.0.0.1:50051, [::1]:50051 or unix:/run/team.sock"
            )
        }

        init(kind: Kind) {
            self.kind = kind
        }

        /// Whether only programs of this machine reach the address.
        public var isLocal: Bool {
            switch kind {
            case .ipv4(let host, _): host.hasPrefix("127.")
            case .ipv6(let host, _): host == "::1"
            case .unix: true
            }
        }

        /// The port; `nil` for a Unix socket.
        public var port: Int? {
            switch kind {
            case .ipv4(_, let port), .ipv6(_, let port): port
            case .unix: nil
            }
        }

        /// The address as it is read.
        public var description: String {
            switch kind {
            case .ipv4(let host, let port): "\(host):\(port)"
            case .ipv6(let host, let port): "[\(host)]:\(port)"
            case .unix(let path): "unix:\(path)"
            }
        }

        var socketAddress: SocketAddress {
            switch kind {
            case .ipv4(let host, let port): .ipv4(host: host, port: port)
            case .ipv6(let host, let port): .ipv6(host: host, port: port)
            case .unix(let path): .unixDomainSocket(path: path)
            }
        }

        /// The address with the port of a bound socket.
        func bound(to address: SocketAddress) -> ListenAddress {
            switch kind {
            case .ipv4(let host, _): ListenAddress(kind: .ipv4(host, address.ipv4?.port ?? 0))
            case .ipv6(let host, _): ListenAddress(kind: .ipv6(host, address.ipv6?.port ?? 0))
            case .unix: self
            }
        }
    }
#endif
