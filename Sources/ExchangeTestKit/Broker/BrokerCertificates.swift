internal import Foundation

/// An authority, and a broker's certificate that it signed, in files of a temporary directory. Made with `openssl`.
///
/// The files are removed with the value.
public struct BrokerCertificates: Sendable {
    /// The authority's certificate, which clients should trust.
    public let authority: String
    /// The broker's certificate.
    public let certificate: String
    /// The key of the broker's certificate.
    public let key: String

    private let directory: TemporaryDirectory

    /// Whether this machine has the necessary program.
    public static var canBeMade: Bool { FileManager.default.isExecutableFile(atPath: program) }

    private static let program = "/usr/bin/openssl"

    /// Makes new keys and certificates that are valid for two days.
    ///
    /// - Parameter host: The name in the broker's certificate.
    /// - Throws: ``ChildProcessError`` with the output of `openssl`.
    public init(host: String = "localhost") async throws {
        directory = try TemporaryDirectory(prefix: "warren-certificates")
        authority = directory.path("ca.pem")
        certificate = directory.path("broker.pem")
        key = directory.path("broker.key")
        let authorityKey = directory.path("ca.key")
        let request = directory.path("broker.csr")
        let names = try directory.write("subjectAltName=DNS:\(host)\n", to: "names")
        let newKey = ["-newkey", "rsa:2048", "-nodes"]
        let commands = [
            ["req", "-x509"] + newKey
                + ["-days", "2", "-subj", "/CN=test-authority", "-keyout", authorityKey, "-out", authority],
            ["req"] + newKey + ["-subj", "/CN=\(host)", "-keyout", key, "-out", request],
            [
                "x509", "-req", "-in", request, "-CA", authority, "-CAkey", authorityKey, "-CAcreateserial", "-days",
                "2", "-extfile", names, "-out", certificate,
            ],
        ]
        for command in commands { _ = try await ChildProcess.run(Self.program, command) }
    }

    /// Returns lines for ``PrivateBroker/Configuration/settings`` that open a TLS port too.
    public func settings(port: Int) -> [String] {
        [
            "listeners.ssl.1 = 127.0.0.1:\(port)", "ssl_options.cacertfile = \(authority)",
            "ssl_options.certfile = \(certificate)", "ssl_options.keyfile = \(key)", "ssl_options.verify = verify_none",
        ]
    }
}
