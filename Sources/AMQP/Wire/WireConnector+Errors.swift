internal import CRabbitMQ

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The errors of opening a connection.
extension WireConnector {
    static func timeout(until deadline: Deadline) -> timeval {
        let left = min(max(deadline.remaining, .zero), Deadline.longest).components
        return timeval(tv_sec: Int(left.seconds), tv_usec: Int(left.attoseconds / 1_000_000_000_000))
    }

    /// Returns the error of an attempt to connect. The library reports no reason, so the system is asked.
    static func connectError(_ status: Int32, _ endpoint: Endpoint, _ deadline: Deadline) -> AMQPError {
        let error = error(status, endpoint)
        guard error.code == .connectionRefused else { return error }
        let milliseconds = min(max(deadline.remaining / .milliseconds(1), 0), 1000)
        let number = unsafe warren_connect_error(endpoint.host, "\(endpoint.port)", Int32(milliseconds))
        guard number != 0 else { return error }
        let reason = unsafe String(cString: strerror(number))
        let text = "No connection to \(endpoint): \(reason.prefix(1).lowercased() + reason.dropFirst())."
        return AMQPError(code: error.code, delivery: .notSent, message: text)
    }

    static func error(_ status: Int32, _ endpoint: Endpoint) -> AMQPError {
        let code: AMQPError.Code =
            switch status {
            case AMQP_STATUS_HOSTNAME_RESOLUTION_FAILED.rawValue: .unresolvableHost
            case AMQP_STATUS_TIMEOUT.rawValue: .connectTimedOut
            case AMQP_STATUS_SSL_ERROR.rawValue, AMQP_STATUS_SSL_CONNECTION_FAILED.rawValue,
                AMQP_STATUS_SSL_PEER_VERIFY_FAILED.rawValue, AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED.rawValue:
                .tlsFailed
            case AMQP_STATUS_SOCKET_ERROR.rawValue, AMQP_STATUS_TCP_ERROR.rawValue: .connectionRefused
            case AMQP_STATUS_INCOMPATIBLE_AMQP_VERSION.rawValue, AMQP_STATUS_BAD_AMQP_DATA.rawValue:
                .protocolMismatch
            case AMQP_STATUS_BROKER_UNSUPPORTED_SASL_METHOD.rawValue: .authenticationFailed
            default: .connectionLost
            }
        return AMQPError(
            code: code,
            delivery: .notSent,
            message: "No connection to \(endpoint): \(LibraryStatus.text(status))."
        )
    }

    func loginError(_ reply: amqp_rpc_reply_t, _ endpoint: Endpoint) -> AMQPError {
        guard unsafe reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION,
            unsafe reply.reply.id == MethodID.connectionClose
        else { return unsafe brokenLogin(reply.library_error, endpoint) }
        let close = unsafe reply.reply.decoded.load(as: amqp_connection_close_t.self)
        let number = unsafe close.reply_code
        let text = unsafe String(repairing: close.reply_text)
        return AMQPError(
            code: AMQPError.loginRefusal(number, text),
            delivery: .notSent,
            replyCode: Int(number),
            message: "\(endpoint) refused the login: \(text)"
        )
    }

    /// Returns the error of an incomplete login: the library's status, and its usual cause.
    private func brokenLogin(_ status: Int32, _ endpoint: Endpoint) -> AMQPError {
        let recoverySuggestion: String? =
            switch status {
            case AMQP_STATUS_BROKER_UNSUPPORTED_SASL_METHOD.rawValue where configuration.credentials.isExternal:
                "enable its plugin rabbitmq_auth_mechanism_ssl and add EXTERNAL to its auth_mechanisms"
            case AMQP_STATUS_INCOMPATIBLE_AMQP_VERSION.rawValue, AMQP_STATUS_BAD_AMQP_DATA.rawValue,
                AMQP_STATUS_CONNECTION_CLOSED.rawValue, AMQP_STATUS_SOCKET_ERROR.rawValue,
                AMQP_STATUS_TIMEOUT.rawValue:
                configuration.tls == nil ? "if port \(endpoint.port) is one for TLS, use amqps://" : nil
            default: nil
            }
        let error = Self.error(status, endpoint)
        guard let recoverySuggestion else { return error }
        // The port accepted the connection.
        let code = error.code == .connectionRefused ? .connectionLost : error.code
        let text = String(error.message.dropLast())
        return AMQPError(code: code, delivery: .notSent, message: "\(text): \(recoverySuggestion).")
    }
}
