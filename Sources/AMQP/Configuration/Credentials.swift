/// The credentials for a login. No description, dump or reflection shows a password.
public struct Credentials: Sendable, Hashable {
    enum Mechanism: Hashable {
        case plain(user: String, password: String)
        case file(user: String, path: String)
        case provider(CredentialsProvider)
        case external(user: String?)
    }

    let mechanism: Mechanism
    /// How long they are valid from the time they were provided; `nil` without an end.
    public private(set) var lifetime: Duration?

    private init(mechanism: Mechanism, lifetime: Duration? = nil) {
        self.mechanism = mechanism
        self.lifetime = lifetime
    }

    /// Returns the same credentials with a validity from now, at least 1 s. A ``RecoveringConnection`` calls its provider again before
    /// it ends, and renews its connection.
    public func valid(for lifetime: Duration?) -> Credentials {
        let bounded = lifetime.map { min(max($0, .seconds(1)), Deadline.longest) }
        return Credentials(mechanism: mechanism, lifetime: bounded)
    }

    /// User name and password (SASL PLAIN).
    public static func plain(user: String, password: String) -> Credentials {
        Credentials(mechanism: .plain(user: user, password: password))
    }

    /// User name, and a password in the first line of a file. The file is read for each connection, so that the
    /// next connection uses a changed password. At most 4,096 bytes.
    public static func plain(user: String, passwordFile path: String) -> Credentials {
        Credentials(mechanism: .file(user: user, path: path))
    }

    /// Calls a provider for each connection. Two values are equal when they have the same provider.
    public static func provided(by provider: CredentialsProvider) -> Credentials {
        Credentials(mechanism: .provider(provider))
    }

    /// Logs in with the client certificate (SASL EXTERNAL). Needs TLS and the broker's plugin for it.
    public static let external = Credentials(mechanism: .external(user: nil))

    /// Logs in like ``external``, with the broker's known user name for the certificate.
    public static func external(user: String) -> Credentials { Credentials(mechanism: .external(user: user)) }

    /// Whether the client certificate is used to log in.
    public var isExternal: Bool {
        if case .external = mechanism { true } else { false }
    }

    /// The file of the password, if there is one.
    public var passwordFile: String? {
        if case .file(_, let path) = mechanism { path } else { nil }
    }

    /// The user name; `nil` when it is unknown before the login.
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

    /// The same text as ``description``.
    public var debugDescription: String { description }

    /// A mirror without the password.
    public var customMirror: Mirror {
        Mirror(self, children: ["user": user as Any, "lifetime": lifetime as Any], displayStyle: .struct)
    }
}

/// Provides the credentials for each connection, for example from a vault that rotates them.
public final class CredentialsProvider: Sendable {
    private let provide: @Sendable () async throws -> Credentials

    /// Makes a provider that calls `provide` for each connection. Its time counts as part of the connect timeout; when
    /// that passes, its task is cancelled.
    public init(_ provide: @escaping @Sendable () async throws -> Credentials) {
        self.provide = provide
    }

    func callAsFunction() async throws -> Credentials { try await provide() }
}

extension CredentialsProvider: Hashable {
    /// Returns whether both are the same provider. Two providers with the same behavior are different.
    public static func == (left: CredentialsProvider, right: CredentialsProvider) -> Bool { left === right }

    /// By identity.
    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
