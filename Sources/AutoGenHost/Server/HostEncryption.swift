#if AutoGen
    internal import GRPCCore
    internal import GRPCNIOTransportHTTP2Posix
    internal import X509

    /// The certificate of a host, and the authority of its clients' certificates, as files in the PEM format.
    public struct HostEncryption: Sendable, Hashable {
        /// The file of the certificate, with the ones between it and its authority.
        public var certificate: String

        /// The file of the certificate's key.
        public var key: String

        /// The file of the authority that signs the certificates of clients. With one, a client without a certificate can't
        /// connect; `nil` asks clients for none.
        public var clientAuthority: String?

        /// Names the files. They are read when the host starts.
        public init(certificate: String, key: String, clientAuthority: String? = nil) {
            self.certificate = certificate
            self.key = key
            self.clientAuthority = clientAuthority
        }

        var transportSecurity: HTTP2ServerTransport.Posix.TransportSecurity {
            let chain = [TLSConfig.CertificateSource.file(path: certificate, format: .pem)]
            let key = TLSConfig.PrivateKeySource.file(path: key, format: .pem)
            guard let clientAuthority else { return .tls(certificateChain: chain, privateKey: key) }
            return .mTLS(certificateChain: chain, privateKey: key) { tls in
                tls.trustRoots = .certificates([.file(path: clientAuthority, format: .pem)])
            }
        }
    }

    extension ServerContext {
        /// The subject of the client's certificate, such as `CN=solvers`; `nil` without one.
        var subject: String? {
            (transportSpecific as? HTTP2ServerTransport.Posix.Context)?.peerCertificate?.subject.description
        }
    }
#endif
