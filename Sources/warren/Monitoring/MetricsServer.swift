#if Monitoring
    import Hummingbird

    /// An HTTP server for `/metrics` and `/-/healthy`, without TLS. It reads no bodies, and has 32 connections at most.
    struct MetricsServer: Sendable {
        let address: ScrapeAddress
        let text: @Sendable () async -> String

        /// Serves until the task is cancelled.
        ///
        /// - Parameter ready: Called with the port, when connections are accepted.
        /// - Throws: ``CommandFailure`` when the address can't be listened at.
        func run(ready: @escaping @Sendable (Int) -> Void) async throws {
            let router = Router()
            router.get("metrics") { [text] _, _ in
                Response.text(await text(), contentType: PrometheusText.contentType)
            }
            router.get("-/healthy") { _, _ in Response.text("ok\n") }
            let server = WebServer(address: address, connections: 32, label: "warren.exporter")
            try await server.run(router, ready: ready)
        }
    }
#endif
