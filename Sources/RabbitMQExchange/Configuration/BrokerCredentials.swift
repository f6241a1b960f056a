internal import AMQP

/// What to log in with at the broker. No description, dump or reflection shows the password.
public struct BrokerCredentials: Sendable, Hashable {
    let credentials: Credentials

    /// User name and password.
    ///
    /// - Parameters:
    ///   - password: The password of the broker user.
    ///   - user: The name of the broker user.
    ///   - lifetime: How long they are valid, where they come from a provider: when 80 to 90 % of it have passed, the
    ///     provider is asked again and the connections are made anew, which calls notice as a short delay only.
    public static func password(
        _ password: String,
        user: String,
        validFor lifetime: Duration? = nil
    ) -> BrokerCredentials {
        BrokerCredentials(credentials: .plain(user: user, password: password).valid(for: lifetime))
    }

    /// The client certificate of the connection decides. The files are read anew for each connection.
    ///
    /// - Parameters:
    ///   - user: The name that the broker makes of the certificate. Messages carry it only when it is given.
    ///   - lifetime: See ``password(_:user:validFor:)``.
    public static func certificate(user: String? = nil, validFor lifetime: Duration? = nil) -> BrokerCredentials {
        BrokerCredentials(credentials: (user.map { Credentials.external(user: $0) } ?? .external).valid(for: lifetime))
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
