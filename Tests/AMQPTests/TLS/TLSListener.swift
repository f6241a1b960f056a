import AMQP
import ExchangeTestKit
import Foundation

/// What listens for TLS in a test.
enum TLSListener {
    /// A broker that answers with TLS too, and on which port.
    static func broker(
        _ files: Certificates,
        plugins: [String] = [],
        settings: [String] = [],
        login: String = "guest:guest@",
        options: String = ""
    ) async throws -> (PrivateBroker, Int) {
        let port = try await freePort()
        let broker = try await PrivateBroker.start(
            .init(
                plugins: plugins,
                settings: [
                    "listeners.ssl.1 = 127.0.0.1:\(port)", "ssl_options.cacertfile = \(files.authority)",
                    "ssl_options.certfile = \(files.server.certificate)", "ssl_options.keyfile = \(files.server.key)",
                    "ssl_options.verify = verify_none",
                ] + settings
            )
        )
        // The broker counts as ready when its plain port answers; the other may follow later.
        try await eventually("the TLS port answers", timeout: .seconds(30)) {
            try await BrokerFixture.withConnection(
                to: "amqps://\(login)localhost:\(port)?cacertfile=\(files.authority)\(options)"
            ) { $0.isOpen }
        }
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
