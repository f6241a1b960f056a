#if Monitoring
    import NIOSSL

    /// The certificate and key of a server, read once when it starts.
    struct ServerCertificate: Sendable {
        let configuration: TLSConfiguration

        /// Reads the files, which are PEM; the key is not encrypted.
        ///
        /// - Throws: ``CommandFailure`` that names the file that can't be used.
        init(certificate: String, key: String) throws {
            let chain: [NIOSSLCertificate]
            do {
                chain = try NIOSSLCertificate.fromPEMFile(certificate)
            } catch {
                throw Self.failure("the certificate in \(certificate) can't be read")
            }
            guard !chain.isEmpty else { throw Self.failure("there is no certificate in \(certificate)") }
            let privateKey: NIOSSLPrivateKey
            do {
                privateKey = try NIOSSLPrivateKey(file: key, format: .pem)
            } catch {
                throw Self.failure("the key in \(key) can't be read")
            }
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) },
                privateKey: .privateKey(privateKey)
            )
            configuration.minimumTLSVersion = .tlsv12
            do {
                _ = try NIOSSLContext(configuration: configuration)
            } catch {
                throw Self.failure("the key in \(key) is not that of the certificate in \(certificate)")
            }
            self.configuration = configuration
        }

        private static func failure(_ text: String) -> CommandFailure {
            CommandFailure(text, code: "usage", status: ExitStatus.usage)
        }
    }
#endif
