internal import AMQP

/// What to log in with at the broker. No description, dump or reflection shows the password.
public struct BrokerCredentials: Sendable, Hashable {
    let credentials: Credentials

    /// User name and password.
    public static func password(_ password: String, user: String) -> BrokerCredentials {
        BrokerCredentials(credentials: .plain(user: user, password: password))
    }

    /// The client certificate of the connection decides. `user` is the name that the broker makes of it, when that is known:
    /// only then messages carry it.
    public static func certificate(user: String? = nil) -> BrokerCredentials {
        BrokerCredentials(credentials: user.map { .external(user: $0) } ?? .external)
    }
}

extension BrokerCredentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The user, without the password.
    public var description: String { credentials.description }

    /// The same as ``description``.
    public var debugDescription: String { description }

    /// A mirror without the password.
    public var customMirror: Mirror { Mirror(self, children: ["user": credentials.user as Any], displayStyle: .struct) }
}
