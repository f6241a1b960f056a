/// How to log in. No description, dump or reflection shows a password.
public struct Credentials: Sendable, Hashable {
    enum Mechanism: Hashable {
        case plain(user: String, password: String)
        case file(user: String, path: String)
        case provider(CredentialsProvider)
        case external(user: String?)
    }

    let mechanism: Mechanism
    /// How long they are valid, from when they were asked for; `nil` without an end.
    public private(set) var lifetime: Duration?

    private init(mechanism: Mechanism, lifetime: Duration? = nil) {
        self.mechanism = mechanism
        self.lifetime = lifetime
    }

    /// The same, valid for so long from now, at least 1 s. A ``Line`` asks its provider again before that, and makes its
    /// connection anew.
    public func valid(for lifetime: Duration?) -> Credentials {
        let bounded = lifetime.map { min(max($0, .seconds(1)), Deadline.longest) }
        return Credentials(mechanism: mechanism, lifetime: bounded)
    }

    /// User name and password (SASL PLAIN).
    public static func plain(user: String, password: String) -> Credentials {
        Credentials(mechanism: .plain(user: user, password: password))
    }

    /// User name, and a password that is the first line of a file. The file is read anew for each connection, so that a
    /// password that changes there is used by the next one. At most 4,096 bytes.
    public static func plain(user: String, passwordFile path: String) -> Credentials {
        Credentials(mechanism: .file(user: user, path: path))
    }

    /// Asks for the credentials whenever a connection is made. Two are equal when they have the same provider.
    public static func provided(by provider: CredentialsProvider) -> Credentials {
        Credentials(mechanism: .provider(provider))
    }

    /// The client certificate decides (SASL EXTERNAL); needs TLS and the broker's plugin for it.
    public static let external = Credentials(mechanism: .external(user: nil))

    /// As ``external``, where it is known which user the broker makes of the certificate.
    public static func external(user: String) -> Credentials { Credentials(mechanism: .external(user: user)) }

    /// Whether the client certificate decides.
    public var isExternal: Bool {
        if case .external = mechanism { true } else { false }
    }

    /// The file that the password is in, if it is in one.
    public var passwordFile: String? {
        if case .file(_, let path) = mechanism { path } else { nil }
    }

    /// The user name; `nil` when it is not known before the login.
    public var user: String? {
        switch mechanism {
        case .plain(let user, _), .file(let user, _): user
        case .external(let user): user
        case .provider: nil
        }
    }
}

extension Credentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The mechanism and the user, without the password.
    public var description: String {
        switch mechanism {
        case .plain(let user, _): "plain(user: \(user), password: redacted)"
        case .file(let user, let path): "plain(user: \(user), passwordFile: \(path))"
        case .provider: "provided"
        case .external(let user): user.map { "external(user: \($0))" } ?? "external"
        }
    }

    /// The same as ``description``.
    public var debugDescription: String { description }

    /// A mirror without the password.
    public var customMirror: Mirror {
        Mirror(self, children: ["user": user as Any, "lifetime": lifetime as Any], displayStyle: .struct)
    }
}
