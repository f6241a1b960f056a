/// How to log in. No description, dump or reflection shows the password.
public struct Credentials: Sendable, Hashable {
    enum Mechanism: Hashable {
        case plain(user: String, password: String)
        case external
    }

    let mechanism: Mechanism

    /// User name and password (SASL PLAIN).
    public static func plain(user: String, password: String) -> Credentials {
        Credentials(mechanism: .plain(user: user, password: password))
    }

    /// The client certificate decides (SASL EXTERNAL); needs TLS and the broker's plugin for it.
    public static let external = Credentials(mechanism: .external)

    /// The user name; `nil` when the certificate decides.
    public var user: String? {
        if case .plain(let user, _) = mechanism { user } else { nil }
    }
}

extension Credentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The mechanism and the user, without the password.
    public var description: String {
        switch mechanism {
        case .plain(let user, _): "plain(user: \(user), password: redacted)"
        case .external: "external"
        }
    }

    /// The same as ``description``.
    public var debugDescription: String { description }

    /// A mirror without the password.
    public var customMirror: Mirror { Mirror(self, children: ["user": user as Any], displayStyle: .struct) }
}
