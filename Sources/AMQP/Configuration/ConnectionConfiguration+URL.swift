extension ConnectionConfiguration {
    /// Creates a configuration from a URL such as `amqps://user:password@host:5671,other/vhost?heartbeat=10`.
    ///
    /// Schemes: `amqp`, `amqps`, `amqp+tcp`, `amqp+tls`, `amqp+ssl`. User, password and virtual host are
    /// percent-decoded; no path and `/` alone both mean the virtual host `/`. Without a user it is `guest`.
    /// Query items: `heartbeat` (seconds), `connection_timeout` (milliseconds), `channel_max` is not offered,
    /// `frame_max`, `name`, `password_file` (its first line is the password), `auth_mechanism` (`plain` or `external`), and with TLS `cacertfile`, `certfile`, `keyfile`,
    /// `verify` (`verify_peer` or `verify_none`), `verify_hostname` (`true` or `false`, behind `verify`) and `server_name_indication` (only the host itself: the library always
    /// sends it).
    ///
    /// - Throws: `invalidURL` for anything else, also for an unknown query item, which it names unless it may belong to a
    ///   password. The text never contains the password.
    public init(url: String) throws(AMQPError) {
        let parts = try ConnectionURL(url)
        self.init(endpoints: parts.endpoints, virtualHost: parts.virtualHost)
        if parts.secure { tls = TLSConfiguration() }
        if let user = parts.user { credentials = .plain(user: user, password: parts.password ?? "") }
        for item in parts.query {
            guard Self.queryItems.contains(item.name) else { throw parts.unknown(item.name) }
            try apply(item.name, item.value, parts.user)
        }
        guard (4096...1_048_576).contains(frameMax) else {
            throw ConnectionURL.invalid("frame_max must be 4096 to 1048576")
        }
        guard !credentials.isExternal || tls != nil else {
            throw ConnectionURL.invalid("auth_mechanism=external needs amqps")
        }
    }

    /// The query items that a URL may have.
    private static let queryItems: Set<String> = [
        "heartbeat", "connection_timeout", "frame_max", "name", "password_file", "auth_mechanism", "cacertfile",
        "certfile", "keyfile", "verify", "verify_hostname", "server_name_indication",
    ]

    /// Items that configure the connection itself, which may be configured elsewhere too.
    private static let connectionItems: Set<String> = ["heartbeat", "connection_timeout", "frame_max", "name"]

    /// Returns the query items of a URL that configure the connection itself, also those with a default value.
    package static func connectionItems(ofURL url: String) throws(AMQPError) -> [String: String] {
        let said = try ConnectionURL(url).query.filter { connectionItems.contains($0.name) }
        return Dictionary(said) { first, _ in first }
    }

    /// Applies query items from ``connectionItems(ofURL:)``; ignores others.
    package mutating func apply(_ items: [String: String]) throws(AMQPError) {
        for (name, value) in items where Self.connectionItems.contains(name) { try apply(name, value, nil) }
    }

    private mutating func apply(_ name: String, _ value: String, _ user: String?) throws(AMQPError) {
        switch name {
        case "heartbeat": heartbeat = .seconds(try number(value, name, 0...65_535))
        case "connection_timeout": connectTimeout = .milliseconds(try number(value, name, 1...86_400_000))
        case "frame_max": frameMax = try number(value, name, 4096...1_048_576)
        case "name": self.name = value
        case "password_file":
            guard let user, credentials == .plain(user: user, password: "") else {
                throw ConnectionURL.invalid("password_file needs a user without a password")
            }
            credentials = .plain(user: user, passwordFile: value)
        case "auth_mechanism":
            switch value.lowercased() {
            case "plain": break
            case "external": credentials = user.map { .external(user: $0) } ?? .external
            default: throw ConnectionURL.invalid("auth_mechanism must be plain or external")
            }
        default: try applyTLS(name, value)
        }
    }

    private mutating func applyTLS(_ name: String, _ value: String) throws(AMQPError) {
        guard var settings = tls else { throw ConnectionURL.invalid("\(name) needs amqps") }
        switch name {
        case "cacertfile": settings.caFile = value
        case "certfile": settings.certificateFile = value
        case "keyfile": settings.keyFile = value
        case "verify":
            guard value == "verify_peer" || value == "verify_none" else {
                throw ConnectionURL.invalid("verify must be verify_peer or verify_none")
            }
            settings.verifyPeer = value == "verify_peer"
            settings.verifyHostname = settings.verifyPeer
        case "verify_hostname":
            guard value == "true" || value == "false" else {
                throw ConnectionURL.invalid("verify_hostname must be true or false")
            }
            settings.verifyHostname = value == "true"
        default:
            guard endpoints.allSatisfy({ $0.host == value }) else {
                throw ConnectionURL.invalid("server_name_indication must be the host")
            }
        }
        tls = settings
    }

    private func number(_ text: String, _ name: String, _ range: ClosedRange<Int>) throws(AMQPError) -> Int {
        guard let value = Int(text), range.contains(value) else {
            throw ConnectionURL.invalid("\(name) must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }
}
