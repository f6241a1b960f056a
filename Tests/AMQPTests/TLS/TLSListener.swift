import AMQP
import ExchangeTestKit
import Foundation

/// The listeners for TLS of the tests.
enum TLSListener {
    /// A broker that answers with TLS too, and asks for no certificate.
    struct Broker {
        let broker: PrivateBroker
        let port: Int
        let files: Certificates
    }

    /// The files and the port of the tests that borrow ``Broker``.
    private static let place = Task { (files: try await Certificates(), port: try await freePort()) }

    /// Borrows a broker that answers with TLS too, from the earlier tests of this process if they left one.
    static func borrow() async throws -> Broker {
        let (files, port) = try await place.value
        let broker = try await PrivateBroker.borrow(.init(plugins: [], settings: settings(files, port)))
        try await wait(for: port, files)
        return Broker(broker: broker, port: port, files: files)
    }

    private static func settings(_ files: Certificates, _ port: Int) -> [String] {
        [
            "listeners.ssl.1 = 127.0.0.1:\(port)", "ssl_options.cacertfile = \(files.authority)",
            "ssl_options.certfile = \(files.server.certificate)", "ssl_options.keyfile = \(files.server.key)",
            "ssl_options.verify = verify_none",
        ]
    }

    /// The broker counts as ready when its plain port answers; the other may follow later.
    private static func wait(for port: Int, _ files: Certificates, options: String = "") async throws {
        try await eventually("the TLS port answers", timeout: .seconds(30)) {
            try await BrokerFixture.withConnection(
                to: "amqps://guest:guest@localhost:\(port)?cacertfile=\(files.authority)\(options)"
            ) { $0.isOpen }
        }
    }

    /// Starts a broker that answers with TLS too, with more settings. Returns also the port of TLS.
    static func broker(
        _ files: Certificates,
        plugins: [String],
        settings: [String],
        options: String
    ) async throws -> (PrivateBroker, Int) {
        let port = try await freePort()
        let settings = self.settings(files, port) + settings
        let broker = try await PrivateBroker.start(.init(plugins: plugins, settings: settings))
        try await wait(for: port, files, options: options)
        return (broker, port)
    }

    /// OpenSSL's own server, which shows a certificate and knows no AMQP: enough for a handshake.
    static func server(_ pair: Certificates.Pair) async throws -> (ChildProcess, Int) {
        let port = try await freePort()
        let server = try ChildProcess(
            "/usr/bin/openssl",
            ["s_server", "-quiet", "-accept", "127.0.0.1:\(port)", "-cert", pair.certificate, "-key", pair.key]
        )
        try await eventually("the server listens") {
            await failure("amqp://127.0.0.1:\(port)?connection_timeout=300").code != .connectionRefused
        }
        return (server, port)
    }

    /// The error that opening a connection ends with.
    static func failure(_ url: String) async -> AMQPError {
        do throws(AMQPError) {
            let connection = Connection(
                configuration: try ConnectionConfiguration(url: url),
                logger: BrokerFixture.quiet
            )
            defer { Task { await connection.close(timeout: .seconds(1)) } }
            try await connection.open()
            return AMQPError(code: .internal, delivery: .unknown, message: "it was opened")
        } catch { return error }
    }

    /// A port that was free a moment ago; the kit gives none for TLS.
    static func freePort() async throws -> Int {
        let finder = try FaultProxy(targetPort: 1)
        let port = finder.listenPort
        await finder.stop()
        return port
    }
}
