internal import AMQP

/// The credentials for the broker. No description, dump or reflection shows the password.
public struct BrokerCredentials: Sendable, Hashable {
    let credentials: Credentials

    /// User name and password.
    ///
    /// - Parameters:
    ///   - password: The password of the broker user.
    ///   - user: The name of the broker user.
    ///   - lifetime: How long credentials from a provider are valid. After 80 to 90 % of it the provider is called again
    ///     and the connections are renewed; calls notice only a short delay.
    public static func password(
        _ password: String,
        user: String,
        validFor lifetime: Duration? = nil
    ) -> BrokerCredentials {
        BrokerCredentials(credentials: .plain(user: user, password: password).valid(for: lifetime))
    }

    /// Logs in with the connection's client certificate. The files are read for each connection.
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

    /// The same text as ``description``.
    public var debugDescription: String { description }

    /// A mirror without the password.
    public var customMirror: Mirror { Mirror(self, children: ["user": credentials.user as Any], displayStyle: .struct) }
}
