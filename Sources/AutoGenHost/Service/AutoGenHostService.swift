#if AutoGen
    public import AgentExchange
    internal import AutoGenMessages
    internal import AutoGenProtocol
    public import GRPCCore
    internal import SwiftProtobuf

    /// AutoGen's worker protocol on an exchange, for a gRPC server of one's own. ``AutoGenHost`` is one with a server.
    ///
    /// The server has to take messages of ``AutoGenHostConfiguration/maximumMessageSize``, and to find clients that hang.
    public struct AutoGenHostService: RegistrableRPCService {
        let core: HostCore

        /// Makes a service. It serves between ``start()`` and ``stop(grace:)``.
        ///
        /// - Parameters:
        ///   - exchange: An exchange whose transports have topics.
        ///   - configuration: The settings.
        public init(
            exchange: any ExchangeFactory,
            configuration: AutoGenHostConfiguration = AutoGenHostConfiguration()
        ) {
            core = HostCore(exchange, configuration)
        }

        /// Joins the exchange.
        ///
        /// - Throws: `ExchangeError.Code.unsupported` for an exchange without topics, and the errors of joining it.
        public func start() async throws(ExchangeError) {
            try await core.start()
        }

        /// Answers all callers, ends the streams with `UNAVAILABLE`, and gives the types of the clients up.
        ///
        /// - Parameter grace: How long the streams may take for the messages that wait.
        public func stop(grace: Duration = .seconds(5)) async {
            await core.stop(grace: grace)
        }

        /// Registers the methods of the service.
        public func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
            router.add("OpenChannel") { [core] request, context in
                let session = try await core.session(request.metadata, context)
                let call = WorkerStream(
                    core: core,
                    session: session,
                    messages: request.messages,
                    isRetried: request.metadata.isRetried
                )
                // Returned at once, so that the client gets its headers and does not send everything once more after a reset.
                return StreamingServerResponse { writer in
                    try await call.run(writer)
                    return [:]
                }
            }
            router.add("OpenControlChannel") { [core] request, context in
                let session = try await core.session(request.metadata, context)
                let call = ControlCall(core: core, session: session, messages: request.messages)
                return StreamingServerResponse { writer in
                    try await call.run(writer)
                    return [:]
                }
            }
            router.addUnary("RegisterAgent", core) { core, request, session, isRetried in
                let request: Agents_RegisterAgentTypeRequest = try .decoded(request)
                try await core.register(request.type, session, isRetried: isRetried)
                return Agents_RegisterAgentTypeResponse()
            }
            router.addUnary("AddSubscription", core) { core, request, session, isRetried in
                let request: Agents_AddSubscriptionRequest = try .decoded(request)
                try await core.subscribe(request.subscription, session, isRetried: isRetried)
                return Agents_AddSubscriptionResponse()
            }
            router.addUnary("RemoveSubscription", core) { core, request, session, _ in
                let request: Agents_RemoveSubscriptionRequest = try .decoded(request)
                try await core.unsubscribe(request.id, session)
                return Agents_RemoveSubscriptionResponse()
            }
            router.addUnary("GetSubscriptions", core) { core, _, session, _ in
                let subscriptions = try await core.subscriptions(session)
                return Agents_GetSubscriptionsResponse.with { $0.subscriptions = subscriptions }
            }
        }
    }

    extension RPCRouter {
        typealias Handler =
            @Sendable (StreamingServerRequest<[UInt8]>, ServerContext) async throws -> StreamingServerResponse<[UInt8]>

        fileprivate mutating func add(_ method: String, _ handler: @escaping Handler) {
            registerHandler(
                forMethod: .worker(method),
                deserializer: BytesDeserializer(),
                serializer: BytesSerializer()
            ) { request, context in try await handler(request, context) }
        }

        fileprivate mutating func addUnary<Output: SwiftProtobuf.Message>(
            _ method: String,
            _ core: HostCore,
            _ handler: @escaping @Sendable (HostCore, [UInt8], ClientSession, Bool) async throws -> Output
        ) {
            add(method) { request, context in
                let session = try await core.session(request.metadata, context)
                var messages = request.messages.makeAsyncIterator()
                guard let bytes = try await messages.next() else {
                    throw RPCError(code: .invalidArgument, message: "The call has no message.")
                }
                let output = try await handler(core, bytes, session, request.metadata.isRetried)
                let reply: [UInt8] = try output.serializedBytes()
                return StreamingServerResponse(single: ServerResponse(message: reply))
            }
        }
    }

    extension MethodDescriptor {
        /// A method of the worker protocol.
        static func worker(_ method: String) -> MethodDescriptor {
            MethodDescriptor(fullyQualifiedService: "agents.AgentRpc", method: method)
        }
    }

    extension Metadata {
        /// Whether the client's library makes the call once more.
        var isRetried: Bool { self[stringValues: "grpc-previous-rpc-attempts"].contains { _ in true } }
    }

    extension SwiftProtobuf.Message {
        /// Decodes the request of a unary call.
        fileprivate static func decoded(_ bytes: [UInt8]) throws(RPCError) -> Self {
            do {
                return try Self(serializedBytes: bytes)
            } catch {
                throw RPCError(code: .invalidArgument, message: "The request could not be decoded.")
            }
        }
    }
#endif
