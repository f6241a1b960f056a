internal import CRabbitMQ

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Sets up the library's TLS for one attempt to connect, and explains its failure. The library reports no reason, so
/// OpenSSL is asked.
@safe
final class TLSSocket {
    /// Keeps the socket and its context.
    private let handle: LibraryConnection
    private let tls: TLSConfiguration
    private let endpoint: Endpoint
    /// OpenSSL's context inside the library's socket.
    private let context: UnsafeMutableRawPointer?
    /// OpenSSL stores the first reason to refuse the broker's certificate here.
    private let refusal: UnsafeMutablePointer<Int32>
    let socket: OpaquePointer

    /// - Throws: `tlsFailed` for unusable files, with the file and its fault.
    init(_ handle: LibraryConnection, _ tls: TLSConfiguration, _ endpoint: Endpoint) throws(AMQPError) {
        guard let socket = unsafe amqp_ssl_socket_new(handle.state) else { throw AMQPError.outOfMemory }
        self.handle = handle
        self.tls = tls
        self.endpoint = endpoint
        unsafe self.socket = socket
        unsafe context = amqp_ssl_socket_get_context(socket)
        unsafe refusal = .allocate(capacity: 1)
        unsafe refusal.initialize(to: 0)
        warren_tls_forget()
        unsafe amqp_ssl_socket_set_verify_peer(socket, tls.verifyPeer ? 1 : 0)
        try checkHostname()
        try trust()
        if let certificate = tls.certificateFile { try identify(certificate, tls.keyFile ?? certificate) }
        if tls.verifyPeer { unsafe warren_tls_note_refusals(context, refusal) }
    }

    deinit {
        unsafe refusal.deallocate()
    }

    /// Stops recording refusals: the connection is made or given up.
    func finish() { unsafe warren_tls_note_refusals(context, nil) }

    /// The library compares a name after the handshake; OpenSSL compares an address with the certificate's chain.
    private func checkHostname() throws(AMQPError) {
        guard tls.verifyHostname, endpoint.isAddress else {
            unsafe amqp_ssl_socket_set_verify_hostname(socket, tls.verifyHostname ? 1 : 0)
            return
        }
        guard tls.verifyPeer else {
            throw AMQPError.tlsError(
                "an IP address is compared only when the certificate is verified: set verifyHostname to false too",
                recoverySuggestion: "set verifyHostname to false too (verify_hostname=false), or verify the certificate"
            )
        }
        unsafe amqp_ssl_socket_set_verify_hostname(socket, 0)
        guard unsafe warren_tls_expect_address(context, endpoint.host) == 1 else {
            throw AMQPError.tlsError("\(endpoint.host) is not an IP address")
        }
    }

    private func trust() throws(AMQPError) {
        if let file = tls.caFile {
            try Self.checkReadable(file, "caFile (cacertfile)")
            guard unsafe amqp_ssl_socket_set_cacert(socket, file) == 0 else {
                throw AMQPError.tlsError("caFile \(file) has no certificate in PEM format")
            }
        } else if tls.verifyPeer {
            guard unsafe warren_tls_trust_system(context) == 1 else {
                throw AMQPError.tlsError(
                    "the system's trusted authorities were not found: set caFile",
                    recoverySuggestion: "set caFile (cacertfile) to the broker's authority"
                )
            }
        }
    }

    private func identify(_ certificate: String, _ key: String) throws(AMQPError) {
        try Self.checkReadable(certificate, "certificateFile (certfile)")
        try Self.checkReadable(key, "keyFile (keyfile)")
        guard unsafe amqp_ssl_socket_set_key(socket, certificate, key) != 0 else { return }
        throw AMQPError.tlsError(
            "the client certificate \(certificate) and the key \(key) can't be used: both must be in PEM format and "
                + "belong together, and the key must not be encrypted"
        )
    }

    private static func checkReadable(_ file: String, _ what: String) throws(AMQPError) {
        guard unsafe access(file, R_OK) != 0 else { return }
        throw AMQPError.tlsError("\(what) \(file) can't be read: \(unsafe String(cString: strerror(errno)))")
    }

    /// Explains the failure of a connection and how to fix it. Returns `nil` when TLS was not the cause.
    ///
    /// - Parameters:
    ///   - status: The library's status.
    ///   - isLogin: Whether the handshake was complete.
    func explanation(_ status: Int32, isLogin: Bool = false) -> AMQPError? {
        var reason = unsafe TLSFailure(
            refusal: refusal.pointee,
            reason: warren_tls_reason(),
            isHostname: status == AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED.rawValue
        )
        if isLogin, reason == nil, status == AMQP_STATUS_SSL_ERROR.rawValue { reason = .endedAfterHandshake }
        guard let reason else { return nil }
        let recoverySuggestion = reason.recoverySuggestion(tls)
        let why = [reason.cause(endpoint, tls), recoverySuggestion].compactMap(\.self).joined(separator: ": ")
        return AMQPError(
            code: .tlsFailed,
            delivery: .notSent,
            message: "No connection to \(endpoint): \(why).",
            recoverySuggestion: recoverySuggestion
        )
    }
}

extension Endpoint {
    /// Whether the host is an IP address rather than a name.
    var isAddress: Bool {
        var four = in_addr()
        var six = in6_addr()
        return unsafe inet_pton(AF_INET, host, &four) == 1 || inet_pton(AF_INET6, host, &six) == 1
    }
}
