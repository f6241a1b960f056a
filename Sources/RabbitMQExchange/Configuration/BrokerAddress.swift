internal import AMQP
internal import AgentExchange
internal import Foundation

/// Where the broker is and who connects. What is encoded has everything but the password.
struct BrokerAddress: Sendable, Hashable {
    private var settings: ConnectionConfiguration
    /// The query items of the URL that configure the connection itself.
    private var said: [String: String] = [:]
    /// The user whose password was not found where an encoded address was decoded.
    private var userWithoutPassword: String?

    /// Reads a URL such as `amqp://user:password@host:5672/vhost`.
    ///
    /// - Throws: ``ExchangeError/Code/invalidConfiguration``; the text never has the password.
    init(url: String) throws(ExchangeError) {
        do {
            settings = try ConnectionConfiguration(url: url)
            said = try ConnectionConfiguration.connectionItems(ofURL: url)
            try settings.validate()
        } catch {
            throw ExchangeError(.invalidConfiguration, "the broker URL is not valid", underlying: error)
        }
        // A user without a password: the environment may have it. If not, the broker decides.
        if let user = settings.credentials.user, settings.credentials == .plain(user: user, password: "") {
            settings.credentials = Self.environmentCredentials(of: user) ?? settings.credentials
        }
    }

    /// The same broker, with a provider that is asked at each connect.
    mutating func ask(_ provider: CredentialsProvider) {
        settings.credentials = .provided(by: provider)
        userWithoutPassword = nil
    }

    /// `WARREN_PASSWORD`, else `WARREN_PASSWORD_FILE`.
    private static func environmentCredentials(of user: String) -> Credentials? {
        let environment = ProcessInfo.processInfo.environment
        if let password = environment["WARREN_PASSWORD"], !password.isEmpty {
            return .plain(user: user, password: password)
        }
        guard let path = environment["WARREN_PASSWORD_FILE"], !path.isEmpty else { return nil }
        return .plain(user: user, passwordFile: path)
    }

    /// What a connection of a session is made with.
    ///
    /// - Throws: ``ExchangeError/Code/unauthorised`` when there is no password.
    func connection(_ configuration: RabbitMQConfiguration) throws(ExchangeError) -> ConnectionConfiguration {
        if let userWithoutPassword {
            let mend = "set WARREN_BROKER to the URL with the password, or WARREN_PASSWORD, or WARREN_PASSWORD_FILE"
            let who = userWithoutPassword.isEmpty ? "" : " for the user \(userWithoutPassword)"
            throw ExchangeError(.unauthorised, "there is no password\(who): \(mend)")
        }
        var settings = settings
        let process = ProcessInfo.processInfo
        // Query items of the URL override the settings of the exchange, also when they equal a default.
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

    /// The user; `nil` when a certificate decides.
    var user: String? { settings.credentials.user }

    /// How the connection is protected.
    enum Encryption {
        case none, unverified, verified
    }

    /// How the connection is protected.
    var encryption: Encryption {
        guard let tls = settings.tls else { return .none }
        return tls.verifyPeer && tls.verifyHostname ? .verified : .unverified
    }

    /// Whether all hosts are this machine.
    var isLoopback: Bool {
        settings.endpoints.allSatisfy { endpoint in
            endpoint.host == "localhost" || endpoint.host == "::1" || endpoint.host.hasPrefix("127.")
        }
    }

    /// `amqp://user@host:5672,other:5672/vhost`, without the password and the options. It can be used as a URL again.
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

extension BrokerAddress: Codable {
    private enum CodingKeys: String, CodingKey {
        case hosts, virtualHost, user, login, passwordFile, tls, options
    }

    /// How to log in, where it is not by user and password.
    private enum Login: String, Codable {
        case certificate, provider
    }

    private var login: Login? {
        if settings.credentials.isExternal { return .certificate }
        if case nil = settings.credentials.user { return .provider }
        return nil
    }

    private struct Host: Codable {
        let host: String
        let port: Int
    }

    private struct TLSFiles: Codable {
        let caFile: String?
        let certificateFile: String?
        let keyFile: String?
        let verifyPeer: Bool
        let verifyHostname: Bool
    }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(settings.endpoints.map { Host(host: $0.host, port: $0.port) }, forKey: .hosts)
        try fields.encode(settings.virtualHost, forKey: .virtualHost)
        try fields.encodeIfPresent(settings.credentials.user, forKey: .user)
        try fields.encodeIfPresent(login, forKey: .login)
        try fields.encodeIfPresent(settings.credentials.passwordFile, forKey: .passwordFile)
        let files = settings.tls.map { tls in
            TLSFiles(
                caFile: tls.caFile,
                certificateFile: tls.certificateFile,
                keyFile: tls.keyFile,
                verifyPeer: tls.verifyPeer,
                verifyHostname: tls.verifyHostname
            )
        }
        try fields.encodeIfPresent(files, forKey: .tls)
        if !said.isEmpty { try fields.encode(said, forKey: .options) }
    }

    /// Decodes an address and looks for the password in the environment: in `WARREN_BROKER`, when that URL has the same
    /// user, in `WARREN_PASSWORD`, or in the file `WARREN_PASSWORD_FILE`; last in the file that the encoding process used.
    /// The broker's well-known account `guest` needs none.
    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        settings = ConnectionConfiguration(
            endpoints: try fields.decode([Host].self, forKey: .hosts).map { Endpoint(host: $0.host, port: $0.port) },
            virtualHost: try fields.decode(String.self, forKey: .virtualHost)
        )
        settings.tls = try fields.decodeIfPresent(TLSFiles.self, forKey: .tls).map { files in
            TLSConfiguration(
                caFile: files.caFile,
                certificateFile: files.certificateFile,
                keyFile: files.keyFile,
                verifyPeer: files.verifyPeer,
                verifyHostname: files.verifyHostname
            )
        }
        said = try fields.decodeIfPresent([String: String].self, forKey: .options) ?? [:]
        try settings.apply(said)
        try settings.validate()
        let user = try fields.decodeIfPresent(String.self, forKey: .user)
        let login = try fields.decodeIfPresent(Login.self, forKey: .login)
        if login == .certificate || (login == nil && user == nil) {
            settings.credentials = user.map { .external(user: $0) } ?? .external
            return
        }
        let passwordFile = try fields.decodeIfPresent(String.self, forKey: .passwordFile)
        let url = ProcessInfo.processInfo.environment["WARREN_BROKER"]
        let fromURL = url.flatMap { try? BrokerAddress(url: $0) }?.settings.credentials
        if let fromURL, user == nil || fromURL.user == user {
            settings.credentials = fromURL
            return
        }
        guard let user else {
            userWithoutPassword = ""
            return
        }
        if let credentials = Self.environmentCredentials(of: user) {
            settings.credentials = credentials
        } else if let passwordFile {
            settings.credentials = .plain(user: user, passwordFile: passwordFile)
        } else if user == "guest" {
            settings.credentials = .plain(user: user, password: user)
        } else {
            settings.credentials = .plain(user: user, password: "")
            userWithoutPassword = user
        }
    }
}
