internal import CRabbitMQ

/// Name lookup, TCP, TLS and login, on the thread that will own the connection.
struct WireConnector {
    /// A logged-in connection.
    struct Login {
        var wire: any Wire
        var endpoint: Endpoint
        var channelMax: Int
        var heartbeat: Duration
        var serverProperties: ServerProperties
    }

    let configuration: ConnectionConfiguration

    /// Tries the endpoints in order. A refused login ends the attempt: the others would refuse it too.
    func connect(deadline: Deadline) throws(AMQPError) -> Login {
        var last = AMQPError(code: .connectTimedOut, delivery: .notSent, message: "No endpoint was tried.")
        for (index, endpoint) in configuration.endpoints.enumerated() {
            let left = deadline.remaining
            guard left > .zero else { break }
            // Each endpoint gets its share of the time, so that a silent one does not use up the others' time.
            let share = Deadline.after(left / (configuration.endpoints.count - index))
            do throws(AMQPError) {
                return try connect(endpoint, share)
            } catch {
                if error.isRefusal { throw error }
                last = error
            }
        }
        throw last
    }

    private func connect(_ endpoint: Endpoint, _ deadline: Deadline) throws(AMQPError) -> Login {
        let handle = try LibraryConnection()
        let state = unsafe handle.state
        let tls = try configuration.tls.map { (tls) throws(AMQPError) in try TLSSocket(handle, tls, endpoint) }
        defer { tls?.finish() }
        guard let socket = unsafe tls?.socket ?? amqp_tcp_socket_new(state) else { throw AMQPError.outOfMemory }
        var limit = Self.timeout(until: deadline)
        let status = unsafe amqp_socket_open_noblock(socket, endpoint.host, Int32(endpoint.port), &limit)
        guard status == AMQP_STATUS_OK.rawValue else {
            throw tls?.explanation(status) ?? Self.connectError(status, endpoint, deadline)
        }
        try unsafe logIn(state, endpoint, deadline, tls)
        let properties = ServerProperties(handle.serverProperties())
        let heartbeat = handle.heartbeat
        let channelMax = handle.channelMax == 0 ? 65_535 : handle.channelMax
        handle.takeOver()
        return Login(
            wire: configuration.tls == nil ? SocketWire(handle) : LibraryWire(handle),
            endpoint: endpoint,
            channelMax: channelMax,
            heartbeat: .seconds(heartbeat),
            serverProperties: properties
        )
    }

    private func logIn(
        _ state: amqp_connection_state_t,
        _ endpoint: Endpoint,
        _ deadline: Deadline,
        _ tls: TLSSocket?
    ) throws(AMQPError) {
        var limit = Self.timeout(until: deadline)
        unsafe amqp_set_handshake_timeout(state, &limit)
        let arena = EncodingArena()
        var properties = unsafe clientProperties.cTable(in: arena)
        let frameMax = Int32(configuration.frameMax)
        // A fraction would become zero, which disables heartbeats.
        let seconds = configuration.heartbeat.components.seconds
        let heartbeat = Int32(configuration.heartbeat > .zero ? max(1, seconds) : 0)
        let reply =
            switch configuration.credentials.mechanism {
            case .plain(let user, let password):
                unsafe warren_amqp_login_plain(
                    state,
                    configuration.virtualHost,
                    frameMax,
                    heartbeat,
                    &properties,
                    user,
                    password
                )
            case .file, .provider:
                throw AMQPError.noCredentials("they were not asked for", nil)
            case .external:
                // The certificate is used; the name is ignored but must not be empty.
                unsafe warren_amqp_login_external(
                    state,
                    configuration.virtualHost,
                    frameMax,
                    heartbeat,
                    &properties,
                    "certificate"
                )
            }
        guard unsafe reply.reply_type != AMQP_RESPONSE_NORMAL else { return }
        // With TLS 1.3 the broker checks the client's certificate after the handshake.
        if unsafe reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION,
            let error = unsafe tls?.explanation(reply.library_error, isLogin: true)
        {
            throw error
        }
        throw unsafe loginError(reply, endpoint)
    }

    private var clientProperties: FieldTable {
        [
            "product": "warren",
            "platform": "Swift",
            "connection_name": .string(configuration.name),
            "capabilities": .table([
                "publisher_confirms": true,
                "exchange_exchange_bindings": true,
                "basic.nack": true,
                "consumer_cancel_notify": true,
                "connection.blocked": true,
                "authentication_failure_close": true,
            ]),
        ]
    }
}
