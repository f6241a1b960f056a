internal import AMQP
internal import AgentExchange
internal import Foundation

/// The address and user of the broker. Its encoding contains no password.
struct BrokerAddress: Sendable, Hashable {
    var settings: ConnectionConfiguration
    /// The URL's query items that configure the connection itself.
    var said: [String: String] = [:]
    /// The credentials that this process lacks for a decoded address, in words; `nil` when it has them.
    var missingCredentials: String?

    /// Reads a URL such as `amqp://user:password@host:5672/vhost`.
    ///
    /// - Throws: ``ExchangeError/Code/invalidConfiguration``; its text never contains the password.
    init(
        url: String,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(ExchangeError) {
        do {
            settings = try ConnectionConfiguration(url: url)
            said = try ConnectionConfiguration.connectionItems(ofURL: url)
            try settings.validate()
        } catch {
            throw ExchangeError(.invalidConfiguration, "the broker URL is not valid", underlying: error)
        }
        // The environment may have the password of a user without one. If not, the broker decides.
        if let user = settings.credentials.user, settings.credentials == .plain(user: user, password: "") {
            settings.credentials = Self.environmentCredentials(of: user, in: environment) ?? settings.credentials
        }
    }

    /// Uses a provider that is called for each connection.
    mutating func ask(_ provider: CredentialsProvider) {
        settings.credentials = .provided(by: provider)
        missingCredentials = nil
    }

    /// Reads `WARREN_PASSWORD`, else `WARREN_PASSWORD_FILE`.
    static func environmentCredentials(
        of user: String,
        in environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> Credentials? {
        if let password = environment["WARREN_PASSWORD"], !password.isEmpty {
            return .plain(user: user, password: password)
        }
        guard let path = environment["WARREN_PASSWORD_FILE"], !path.isEmpty else { return nil }
        return .plain(user: user, passwordFile: path)
    }

    /// Returns the settings of a session's connections.
    ///
    /// - Throws: ``ExchangeError/Code/unauthorized`` when there is no password.
    func connection(_ configuration: RabbitMQConfiguration) throws(ExchangeError) -> ConnectionConfiguration {
        if let missingCredentials {
            let hosts = settings.endpoints.map(\.description).joined(separator: ",")
            let recoverySuggestion =
                "set WARREN_BROKER to the URL of that broker, with the password in it or in WARREN_PASSWORD_FILE"
            throw ExchangeError(.unauthorized, "there is no \(missingCredentials) at \(hosts): \(recoverySuggestion)")
        }
        var settings = settings
        let process = ProcessInfo.processInfo
        // Query items of the URL override the settings of the exchange, even if they equal a default.
        if said["name"] == nil {
            let name = "warren \(process.processName) \(process.processIdentifier)"
            settings.name = configuration.connectionName ?? name
        }
        if said["heartbeat"] == nil { settings.heartbeat = configuration.heartbeat }
        if said["connection_timeout"] == nil {
            settings.connectTimeout = min(settings.connectTimeout, configuration.operationTimeout)
        }
        settings.publishWindow = PublishWindow(
            messages: configuration.publishWindowMessages,
            bytes: configuration.publishWindowBytes
        )
        settings.recovery = configuration.recovery
        settings.maximumBodySize = configuration.maximumMessageSize
        return settings
    }
}

extension BrokerAddress {
    /// The virtual host.
    var virtualHost: String { settings.virtualHost }

    /// The user; `nil` with a client certificate.
    var user: String? { settings.credentials.user }

    /// The protection of a connection.
    enum Encryption {
        case none, unverified, verified
    }

    /// The protection of the connection.
    var encryption: Encryption {
        guard let tls = settings.tls else { return .none }
        return tls.verifyPeer && tls.verifyHostname ? .verified : .unverified
    }

    /// Whether every host is this machine.
    var isLoopback: Bool {
        settings.endpoints.allSatisfy { endpoint in
            endpoint.host == "localhost" || endpoint.host == "::1" || endpoint.host.hasPrefix("127.")
        }
    }

    /// `amqp://user@host:5672,other:5672/vhost`, without the password and the options. It is itself a valid URL.
    var plainURL: String {
        let scheme = settings.tls == nil ? "amqp" : "amqps"
        let user = settings.credentials.user.map { "\(ConnectionURL.encoded($0))@" } ?? ""
        let hosts = settings.endpoints.map { endpoint in
            let isAddress = endpoint.host.contains(":")
            return isAddress ? endpoint.description : "\(ConnectionURL.encoded(endpoint.host)):\(endpoint.port)"
        }
        .joined(separator: ",")
        let virtualHost = settings.virtualHost == "/" ? "" : "/" + ConnectionURL.encoded(settings.virtualHost)
        return "\(scheme)://\(user)\(hosts)\(virtualHost)"
    }
}

extension BrokerAddress: CustomStringConvertible {
    /// The address and the user, never the password.
    var description: String { plainURL }
}
