import ExchangeTestKit
import Foundation
import Testing

/// An authority and certificates that it signed, made for one test and gone with it.
struct Certificates: Sendable {
    /// A certificate and its key.
    struct Pair: Sendable {
        let certificate: String
        let key: String
    }

    static let needsOpenSSL: any SuiteTrait = .enabled(
        if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl"),
        "needs openssl"
    )

    private let directory: TemporaryDirectory
    private let authorityKey: String
    let authority: String
    /// For `localhost` and 127.0.0.1.
    let server: Pair

    init() async throws {
        directory = try TemporaryDirectory(prefix: "warren-certificates")
        authority = directory.path("ca.pem")
        authorityKey = directory.path("ca.key")
        try await Self.openSSL(
            ["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=test-ca"] + Self.newKey
                + ["-keyout", authorityKey, "-out", authority]
        )
        server = try await Self.sign("server", names: "DNS:localhost,IP:127.0.0.1", directory, authority, authorityKey)
    }

    /// A certificate of this authority.
    ///
    /// - Parameters:
    ///   - names: What is in its `subjectAltName`.
    ///   - days: For how long it is valid; a negative number makes one that has expired.
    func sign(_ name: String, names: String = "DNS:localhost", days: Int = 2) async throws -> Pair {
        try await Self.sign(name, names: names, days: days, directory, authority, authorityKey)
    }

    /// Writes a file beside the certificates.
    func write(_ text: String, to name: String) throws -> String { try directory.write(text, to: name) }

    private static let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]

    private static func sign(
        _ name: String,
        names: String,
        days: Int = 2,
        _ directory: TemporaryDirectory,
        _ authority: String,
        _ authorityKey: String
    ) async throws -> Pair {
        let pair = Pair(certificate: directory.path("\(name).pem"), key: directory.path("\(name).key"))
        let request = directory.path("\(name).csr")
        let extensions = try directory.write("subjectAltName=\(names)\n", to: "\(name).names")
        try await openSSL(
            ["req", "-nodes", "-subj", "/CN=\(name)"] + newKey + ["-keyout", pair.key, "-out", request]
        )
        try await openSSL(
            ["x509", "-req", "-in", request, "-CA", authority, "-CAkey", authorityKey, "-CAcreateserial"]
                + ["-days", "\(days)", "-extfile", extensions, "-out", pair.certificate]
        )
        return pair
    }

    private static func openSSL(_ arguments: [String]) async throws {
        _ = try await ChildProcess.run("/usr/bin/openssl", arguments)
    }
}
