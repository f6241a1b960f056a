#if Monitoring
    import HTTPTypes
    import Hummingbird
    import HummingbirdCore
    import Logging
    import NIOCore

    /// An HTTP server for `/metrics` and `/-/healthy`, without TLS. It reads no bodies, and has 32 connections at most.
    struct MetricsServer: Sendable {
        let address: ScrapeAddress
        let text: @Sendable () async -> String

        private static let connections = 32
        private static let idleTimeout = TimeAmount.seconds(30)

        /// Serves until the task is cancelled.
        ///
        /// - Parameter ready: Called with the port, when connections are accepted.
        /// - Throws: ``CommandFailure`` when the address can't be listened at.
        func run(ready: @escaping @Sendable (Int) -> Void) async throws {
            let router = Router()
            router.get("metrics") { [text] _, _ in
                Self.response(await text(), contentType: PrometheusText.contentType)
            }
            router.get("-/healthy") { _, _ in Self.response("ok\n", contentType: "text/plain; charset=utf-8") }
            let application = Application(
                router: router,
                server: .http1(configuration: .init(idleTimeout: Self.idleTimeout)),
                configuration: ApplicationConfiguration(
                    address: .hostname(address.host, port: address.port),
                    backlog: Self.connections,
                    availableConnectionsDelegate: MaximumAvailableConnections(Self.connections)
                ),
                onServerRunning: { channel in ready(channel.localAddress?.port ?? 0) },
                logger: Logger(label: "warren.exporter")
            )
            do {
                try await application.run()
            } catch {
                if Task.isCancelled { return }
                throw CommandFailure("can't listen at \(address): \(error)")
            }
        }

        private static func response(_ text: String, contentType: String) -> Response {
            Response(
                status: .ok,
                headers: [.contentType: contentType],
                body: ResponseBody(byteBuffer: ByteBuffer(string: text))
            )
        }
    }
#endif
