#if AutoGen
    public import AgentExchange
    internal import GRPCCore
    internal import GRPCNIOTransportHTTP2Posix
    internal import Logging
    internal import NIOCore
    internal import NIOPosix
    internal import Primitives
    internal import Synchronization

    /// A host for AutoGen's workers: a gRPC server that speaks their protocol, on an exchange of Warren.
    ///
    /// ```swift
    /// let host = try AutoGenHost(address: "127.0.0.1:50051", exchange: exchange)
    /// let address = try await host.start()
    /// …
    /// await host.stop(grace: .seconds(5))
    /// ```
    ///
    /// Programs for AutoGen's `GrpcWorkerAgentRuntime` connect to it unchanged. Each connected client has a place on the exchange
    /// of its own; agents of a `WorkerRuntime` on the same exchange and those of the workers send requests and events to each
    /// other. A request always gets an answer: where AutoGen's host waits for ever, the caller gets an error.
    ///
    /// It starts once. Every call ends: starting by the exchange's limits, stopping by its grace period.
    public final class AutoGenHost: Sendable {
        private typealias Server = GRPCServer<HTTP2ServerTransport.Posix>

        private struct Running: Sendable {
            let server: Server
            let serving: Task<Void, any Error>
        }

        /// The thread of all hosts of the process. One thread serves all connections and runs their calls: handing each message
        /// to another thread costs more. It is never shut down, because a released server may still have work for it.
        private static let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)

        /// How long clients may take to close their connections when the streams have ended.
        private static let patience = Duration.milliseconds(500)

        private enum Phase: Sendable {
            case new
            /// It is set when the start has ended.
            case starting(OneShot<Void>)
            /// It starts, and stops then.
            case unwanted(OneShot<Void>)
            case running(Running)
            case stopped
        }

        /// The address that it was made for.
        public let address: ListenAddress

        /// The settings.
        public let configuration: AutoGenHostConfiguration

        let service: AutoGenHostService
        private let connections = Connections()
        private let phase = Mutex(Phase.new)

        /// Makes a host. It does nothing until ``start()``.
        ///
        /// - Throws: `ExchangeError.Code.invalidConfiguration` for an address that can't be read.
        public convenience init(
            address: String,
            exchange: any ExchangeFactory,
            configuration: AutoGenHostConfiguration = AutoGenHostConfiguration()
        ) throws(ExchangeError) {
            self.init(address: try ListenAddress(address), exchange: exchange, configuration: configuration)
        }

        /// Makes a host. It does nothing until ``start()``.
        public init(
            address: ListenAddress,
            exchange: any ExchangeFactory,
            configuration: AutoGenHostConfiguration = AutoGenHostConfiguration()
        ) {
            self.address = address
            self.configuration = configuration
            service = AutoGenHostService(exchange: exchange, configuration: configuration)
        }

        /// Joins the exchange and listens.
        ///
        /// - Returns: The address, with its port, when connections are accepted.
        /// - Throws: `ExchangeError.Code.unavailable` when the address can't be listened on, `ExchangeError.Code.unsupported`
        ///   for an exchange without topics, `ExchangeError.Code.invalidConfiguration` for a setting out of its bounds,
        ///   `ExchangeError.Code.closed` when the host was started or stopped before, or is stopped meanwhile, and the errors of
        ///   joining the exchange.
        @discardableResult
        public func start() async throws(ExchangeError) -> ListenAddress {
            let started = OneShot<Void>()
            let isNew = phase.withLock { phase in
                guard case .new = phase else { return false }
                phase = .starting(started)
                return true
            }
            if !isNew { throw ExchangeError(.closed, "a host starts once") }
            defer { started.set() }
            do throws(ExchangeError) {
                try await service.start()
            } catch {
                phase.withLock { $0 = .stopped }
                throw error
            }
            let transport = HTTP2ServerTransport.Posix(
                address: address.socketAddress,
                transportSecurity: configuration.encryption?.transportSecurity ?? .plaintext,
                config: transportConfiguration,
                eventLoopGroup: Self.loops
            )
            let server = Server(transport: transport, services: [service])
            let serving = Task(executorPreference: LoopExecutor(Self.loops.next())) { try await server.serve() }
            do {
                let bound = try await transport.listeningAddress
                let running = Running(server: server, serving: serving)
                let isWanted = phase.withLock { phase in
                    guard case .starting = phase else { return false }
                    phase = .running(running)
                    return true
                }
                if isWanted { return address.bound(to: bound) }
                await stop(running, grace: .zero)
            } catch {
                let reason = await serving.result
                await service.stop(grace: .zero)
                phase.withLock { $0 = .stopped }
                throw Self.bindError(address, reason, error)
            }
            phase.withLock { $0 = .stopped }
            throw ExchangeError(.closed, "the host was stopped while it started")
        }

        private static func bindError(
            _ address: ListenAddress,
            _ result: Result<Void, any Error>,
            _ error: any Error
        ) -> ExchangeError {
            var reason = error
            if case .failure(let failure) = result { reason = (failure as? RuntimeError)?.cause ?? failure }
            return ExchangeError(.unavailable, "can't listen on \(address)", underlying: reason)
        }

        private var transportConfiguration: HTTP2ServerTransport.Posix.Config {
            .defaults { [configuration, connections] config in
                config.rpc.maxRequestPayloadSize = configuration.maximumMessageSize
                config.http2.targetWindowSize = 1 << 20
                config.http2.maxConcurrentStreams = 1024
                config.connection.keepalive.time = configuration.pingInterval
                // A connection that is silent is closed below. After this time a client would only be sent away.
                config.connection.keepalive.timeout = .seconds(3600)
                config.connection.keepalive.clientBehavior.allowWithoutCalls = true
                config.connection.keepalive.clientBehavior.minPingIntervalWithoutCalls = .seconds(1)
                config.channelDebuggingCallbacks.onAcceptTCPConnection = { channel in
                    connections.add(channel)
                    return SilenceHandler.watch(channel, limit: configuration.silenceLimit)
                }
            }
        }

        /// Stops: answers all callers, lets the streams take the messages that wait, ends them with `UNAVAILABLE`, and gives the
        /// types of the clients up. A host that is starting stops when it has started, within the exchange's limits. Stopping twice
        /// is harmless.
        ///
        /// - Parameter grace: How long the streams may take.
        public func stop(grace: Duration = .seconds(5)) async {
            let (running, started): (Running?, OneShot<Void>?) = phase.withLock { phase in
                switch phase {
                case .new: phase = .stopped
                case .starting(let started), .unwanted(let started):
                    phase = .unwanted(started)
                    return (nil, started)
                case .running(let running):
                    phase = .stopped
                    return (running, nil)
                case .stopped: break
                }
                return (nil, nil)
            }
            if let running { await stop(running, grace: grace) }
            _ = await started?.wait()
        }

        private func stop(_ running: Running, grace: Duration) async {
            // A task of its own, so that nothing is left half way.
            await Task { [service, connections] in
                running.server.beginGracefulShutdown()
                await service.stop(grace: grace)
                // A client that takes nothing does not take the end of its stream either.
                let patience = Task {
                    try await Task.sleep(for: Self.patience)
                    connections.close()
                }
                _ = await running.serving.result
                patience.cancel()
            }.value
        }
    }
#endif
