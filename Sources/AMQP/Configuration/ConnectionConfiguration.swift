/// The settings of a connection. No description, dump or reflection shows the password.
public struct ConnectionConfiguration: Sendable, Hashable {
    /// Brokers to try in this order until one answers.
    public var endpoints: [Endpoint]
    /// The virtual host.
    public var virtualHost: String
    /// The credentials.
    public var credentials: Credentials
    /// The TLS settings; `nil` for plain TCP.
    public var tls: TLSConfiguration?
    /// The name the broker's management page shows for the connection.
    public var name: String
    /// The requested heartbeat, in whole seconds. The smaller of this and the broker's applies; zero disables it.
    ///
    /// The connection counts as dead when nothing was received for two intervals.
    public var heartbeat: Duration
    /// The limit for name lookup, TCP, TLS and login together.
    public var connectTimeout: Duration
    /// The largest requested frame, 4,096 to 1,048,576 bytes. The smaller of this and the broker's applies.
    public var frameMax: Int
    /// The limit of unconfirmed publications.
    public var publishWindow: PublishWindow
    /// The largest body accepted from the broker, in bytes. A larger one closes the connection with `frameTooLarge`,
    /// because the rest of it would have to be read all the same.
    public var maximumBodySize: Int
    /// How a ``RecoveringConnection`` restores a lost connection.
    public var recovery: RecoveryPolicy
    /// Whether the connection, once it is open, is served by the thread of the ``ConnectionLoop``. One with TLS keeps its own.
    public var sharesThread = false

    /// Creates a configuration, by default for the broker on this machine.
    public init(
        endpoints: [Endpoint] = [Endpoint(host: "localhost")],
        virtualHost: String = "/",
        credentials: Credentials = .plain(user: "guest", password: "guest"),
        tls: TLSConfiguration? = nil,
        name: String = "warren",
        heartbeat: Duration = .seconds(20),
        connectTimeout: Duration = .seconds(10),
        frameMax: Int = 131_072,
        publishWindow: PublishWindow = PublishWindow(),
        maximumBodySize: Int = 128 << 20,
        recovery: RecoveryPolicy = RecoveryPolicy()
    ) {
        self.endpoints = endpoints
        self.virtualHost = virtualHost
        self.credentials = credentials
        self.tls = tls
        self.name = name
        self.heartbeat = heartbeat
        self.connectTimeout = connectTimeout
        self.frameMax = frameMax
        self.publishWindow = publishWindow
        self.maximumBodySize = maximumBodySize
        self.recovery = recovery
    }
}

extension ConnectionConfiguration: CustomStringConvertible, CustomDebugStringConvertible {
    /// Name, endpoints, virtual host and user.
    public var description: String {
        let hosts = endpoints.map(\.description).joined(separator: ",")
        return "\(name) (\(tls == nil ? "amqp" : "amqps")://\(hosts) \(virtualHost) \(credentials))"
    }

    /// The same as ``description``.
    public var debugDescription: String { description }
}

extension ConnectionConfiguration {
    /// The largest value of ``frameMax``.
    static let largestFrame = 1 << 20

    /// The largest accepted frame: the largest that may be sent, plus the headers that the broker adds to a dead
    /// letter.
    static let largestIncomingFrame = largestFrame + (1 << 17)

    /// Refuses settings with which no connection can be opened.
    package func validate() throws(AMQPError) {
        func refuse(_ why: String) -> AMQPError {
            AMQPError(code: .invalidConfiguration, delivery: .notSent, message: why)
        }
        guard !endpoints.isEmpty else { throw refuse("No endpoint is given.") }
        guard (4096...Self.largestFrame).contains(frameMax) else {
            throw refuse("frameMax must be 4,096 to 1,048,576 bytes.")
        }
        guard publishWindow.messages > 0, publishWindow.bytes > 0 else { throw refuse("The publish window is empty.") }
        guard recovery.isValid else { throw refuse("The recovery policy is not valid.") }
        guard maximumBodySize >= 0 else { throw refuse("maximumBodySize is negative.") }
        guard heartbeat >= .zero, heartbeat <= .seconds(65_535) else { throw refuse("The heartbeat is out of range.") }
        guard virtualHost.utf8.count <= 255, name.utf8.count <= 4096 else { throw refuse("A name is too long.") }
        guard virtualHost.isFreeOfNUL else { throw refuse("A name contains a NUL character.") }
        for endpoint in endpoints {
            guard (1...65_535).contains(endpoint.port), endpoint.host.isFreeOfNUL else {
                throw refuse("An endpoint is not usable.")
            }
        }
        try Self.validate(credentials, tls)
    }

    /// Refuses credentials that can't be used.
    static func validate(_ credentials: Credentials, _ tls: TLSConfiguration?) throws(AMQPError) {
        func refuse(_ why: String) -> AMQPError {
            AMQPError(code: .invalidConfiguration, delivery: .notSent, message: why)
        }
        if case .plain(let user, let password) = credentials.mechanism {
            guard user.isFreeOfNUL, password.isFreeOfNUL else {
                throw refuse("The credentials contain a NUL character.")
            }
        }
        if credentials.isExternal, tls == nil { throw refuse("EXTERNAL needs TLS.") }
    }
}

extension String {
    fileprivate var isFreeOfNUL: Bool { !utf8.contains(0) }
}
