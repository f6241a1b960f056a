internal import AMQP
internal import Foundation

/// An encoded address comes from another process, which may be hostile. Only the broker that it names is used.
/// Passwords, files and the trust in certificates are those of this process, and they are used for the broker that its
/// own `WARREN_BROKER` names, never for another.
extension BrokerAddress: Codable {
    private enum CodingKeys: String, CodingKey {
        case hosts, virtualHost, user, login, tls, options
    }

    /// The login method, if it is not user and password.
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

    /// Whether connections are encrypted. Older sessions need both values and trust them; this one does not.
    private struct Encrypted: Codable {
        let verifyPeer: Bool
        let verifyHostname: Bool
    }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(settings.endpoints.map { Host(host: $0.host, port: $0.port) }, forKey: .hosts)
        try fields.encode(settings.virtualHost, forKey: .virtualHost)
        try fields.encodeIfPresent(settings.credentials.user, forKey: .user)
        try fields.encodeIfPresent(login, forKey: .login)
        let tls = settings.tls.map { Encrypted(verifyPeer: $0.verifyPeer, verifyHostname: $0.verifyHostname) }
        try fields.encodeIfPresent(tls, forKey: .tls)
        if !said.isEmpty { try fields.encode(said, forKey: .options) }
    }

    /// Decodes an address. The credentials are those of ``environmentKey``, else of this process's environment.
    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        settings = ConnectionConfiguration(
            endpoints: try fields.decode([Host].self, forKey: .hosts).map { Endpoint(host: $0.host, port: $0.port) },
            virtualHost: try fields.decode(String.self, forKey: .virtualHost)
        )
        if try fields.decodeIfPresent(Encrypted.self, forKey: .tls) != nil { settings.tls = TLSConfiguration() }
        said = try fields.decodeIfPresent([String: String].self, forKey: .options) ?? [:]
        try settings.apply(said)
        try settings.validate()
        let user = try fields.decodeIfPresent(String.self, forKey: .user)
        let login = try fields.decodeIfPresent(Login.self, forKey: .login)
        let environment =
            Self.environmentKey.flatMap { decoder.userInfo[$0] as? [String: String] }
            ?? ProcessInfo.processInfo.environment
        let isCertificate = login == .certificate || (login == nil && user == nil)
        takeCredentials(of: user, isCertificate: isCertificate, from: environment)
    }

    /// Replaces the environment of the process, for tests.
    static let environmentKey = CodingUserInfoKey(rawValue: "warren.environment")

    /// Applies the environment's trust settings and credentials for this broker.
    ///
    /// A fresh broker's account `guest` has a public password, which may be sent anywhere.
    private mutating func takeCredentials(of user: String?, isCertificate: Bool, from environment: [String: String]) {
        let url = environment["WARREN_BROKER"].flatMap { $0.isEmpty ? nil : $0 }
        let own = url.flatMap { try? BrokerAddress(url: $0, environment: environment).settings }
        let known = own.flatMap { $0.leads(to: settings) ? $0 : nil }
        if let known { settings.tls = known.tls }
        if isCertificate {
            settings.credentials = user.map { .external(user: $0) } ?? .external
            if known?.tls?.certificateFile == nil { missingCredentials = "client certificate" }
        } else if let known, user == nil || known.credentials.user == user {
            settings.credentials = known.credentials
        } else if let user, known != nil, let found = Self.environmentCredentials(of: user, in: environment) {
            settings.credentials = found
        } else if user == "guest" {
            settings.credentials = .plain(user: "guest", password: "guest")
        } else {
            settings.credentials = .plain(user: user ?? "", password: "")
            missingCredentials = user.map { "password for the user \($0)" } ?? "password"
        }
    }
}

extension ConnectionConfiguration {
    /// Returns whether every endpoint of another address is one of these, with the same encryption.
    fileprivate func leads(to other: ConnectionConfiguration) -> Bool {
        func places(_ settings: ConnectionConfiguration) -> Set<Endpoint> {
            Set(settings.endpoints.map { Endpoint(host: $0.host.lowercased(), port: $0.port) })
        }
        return (tls == nil) == (other.tls == nil) && places(other).isSubset(of: places(self))
    }
}
