#if Monitoring
    import HTTPTypes
    import Hummingbird
    import HummingbirdCore
    import HummingbirdTLS
    import Logging
    import NIOCore
    import NIOSSL

    /// An HTTP server with limits: the number of its connections, the time of a silent one, and that of a client that does not
    /// read its answer.
    struct WebServer: Sendable {
        let address: ScrapeAddress
        /// The largest number of connections. Further ones wait until one is closed.
        let connections: Int
        /// Its certificate; `nil` for plain HTTP.
        var certificate: ServerCertificate?
        /// The label of its logger.
        let label: String

        /// Connections that are silent for so long, or take no byte of their answer, are closed.
        private static let patience = TimeAmount.seconds(30)

        /// Serves until the task is cancelled.
        ///
        /// - Parameter ready: Called with the port, when connections are accepted.
        /// - Throws: ``CommandFailure`` when the address can't be listened at.
        func run(_ router: Router<BasicRequestContext>, ready: @escaping @Sendable (Int) -> Void) async throws {
            var server = HTTPServerBuilder.http1(
                configuration: .init(
                    additionalChannelHandlers: [StalledAnswerHandler(patience: Self.patience)],
                    idleTimeout: Self.patience
                )
            )
            if let certificate { server = try .tls(server, tlsConfiguration: certificate.configuration) }
            let application = Application(
                router: router,
                server: server,
                configuration: ApplicationConfiguration(
                    address: .hostname(address.host, port: address.port),
                    backlog: connections,
                    availableConnectionsDelegate: MaximumAvailableConnections(connections)
                ),
                onServerRunning: { channel in ready(channel.localAddress?.port ?? 0) },
                logger: Logger(label: label)
            )
            do {
                try await application.run()
            } catch {
                if Task.isCancelled { return }
                throw CommandFailure("can't listen at \(address): \(error)")
            }
        }
    }

    extension Response {
        /// Makes a response of text.
        static func text(_ text: String, contentType: String = "text/plain; charset=utf-8") -> Response {
            Response(
                status: .ok,
                headers: [.contentType: contentType],
                body: ResponseBody(byteBuffer: ByteBuffer(string: text))
            )
        }
    }
#endif
