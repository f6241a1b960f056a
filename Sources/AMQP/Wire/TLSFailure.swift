internal import CRabbitMQ

/// The reason of a TLS failure, as OpenSSL reports it, and how to fix it.
enum TLSFailure: Hashable {
    case untrusted
    case selfSigned
    case expired
    case notYetValid
    case otherHost
    case notForServers
    case refused(String)
    case notTLS
    case clientCertificateNeeded
    case clientCertificateUnknown
    case clientCertificateRefused
    case noCommonVersion
    /// With TLS 1.3 a broker checks the client's certificate after the handshake, and its reason may be lost with the
    /// connection.
    case endedAfterHandshake

    /// - Parameters:
    ///   - refusal: The reason that a certificate was refused here; 0 when none was.
    ///   - reason: OpenSSL's reason for the end of the handshake or of the session; 0 when there is none.
    ///   - isHostname: Whether the library found another host in the certificate.
    init?(refusal: Int32, reason: Int32, isHostname: Bool) {
        if isHostname {
            self = .otherHost
        } else if refusal != X509_V_OK {
            self.init(refusal: refusal)
        } else {
            self.init(reason: reason)
        }
    }

    private init(refusal: Int32) {
        switch refusal {
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_CERT_SIGNATURE_FAILURE:
            self = .untrusted
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: self = .selfSigned
        case X509_V_ERR_CERT_HAS_EXPIRED: self = .expired
        case X509_V_ERR_CERT_NOT_YET_VALID: self = .notYetValid
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH: self = .otherHost
        case X509_V_ERR_INVALID_PURPOSE: self = .notForServers
        default: self = .refused(unsafe String(cString: X509_verify_cert_error_string(Int(refusal))))
        }
    }

    private init?(reason: Int32) {
        switch reason {
        case SSL_R_WRONG_VERSION_NUMBER, SSL_R_PACKET_LENGTH_TOO_LONG, SSL_R_UNEXPECTED_EOF_WHILE_READING:
            self = .notTLS
        case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
            self = .clientCertificateNeeded
        case SSL_R_TLSV1_ALERT_UNKNOWN_CA: self = .clientCertificateUnknown
        case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED,
            SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED,
            SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
            self = .clientCertificateRefused
        case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, SSL_R_UNSUPPORTED_PROTOCOL: self = .noCommonVersion
        default: return nil
        }
    }

    /// Returns the cause as a sentence.
    func cause(_ endpoint: Endpoint, _ tls: TLSConfiguration) -> String {
        let trusted = tls.caFile.map { "caFile \($0)" } ?? "the system's authorities"
        return switch self {
        case .untrusted: "no authority in \(trusted) has signed the broker's certificate"
        case .selfSigned: "the broker's certificate leads to an authority that is not in \(trusted)"
        case .expired: "the broker's certificate has expired"
        case .notYetValid: "the broker's certificate is not valid yet"
        case .otherHost: "the broker's certificate does not name \(endpoint.host)"
        case .notForServers: "the broker's certificate is not for servers"
        case .refused(let why): "the broker's certificate was refused: \(why)"
        case .notTLS: "port \(endpoint.port) does not answer with TLS"
        case .clientCertificateNeeded where tls.certificateFile == nil: "the broker demands a client certificate"
        case .clientCertificateNeeded: "the broker ended the handshake"
        case .clientCertificateUnknown: "the broker does not trust the client certificate"
        case .clientCertificateRefused: "the broker refused the client certificate"
        case .noCommonVersion: "this machine and the broker have no TLS version in common"
        case .endedAfterHandshake:
            "the broker ended the connection after the handshake, as one does that "
                + (tls.certificateFile == nil
                    ? "demands a client certificate" : "does not trust the client certificate")
        }
    }

    /// Returns how to fix the problem; `nil` when the cause says it.
    func recoverySuggestion(_ tls: TLSConfiguration) -> String? {
        switch self {
        case .untrusted, .selfSigned: "set caFile (cacertfile) to its authority"
        case .expired: "renew it, or correct the clock of this machine"
        case .notYetValid: "correct the clock of this machine"
        case .otherHost:
            "connect by a name or address in its subjectAltName, or set verifyHostname to false "
                + "(verify_hostname=false) when you know why"
        case .notForServers: "give it extendedKeyUsage serverAuth"
        case .notTLS: "use the broker's TLS port, usually 5671, or amqp://"
        case .clientCertificateNeeded where tls.certificateFile == nil:
            "set certificateFile and keyFile (certfile, keyfile)"
        case .clientCertificateNeeded: "look into its log"
        case .clientCertificateUnknown: "its cacertfile needs the authority that signed it"
        case .clientCertificateRefused: "renew it: it has expired, was revoked or is not for clients"
        case .endedAfterHandshake where tls.certificateFile == nil:
            "set certificateFile and keyFile (certfile, keyfile), or look into its log"
        case .endedAfterHandshake: "its cacertfile needs the authority that signed it; its log says more"
        case .refused, .noCommonVersion: nil
        }
    }
}
