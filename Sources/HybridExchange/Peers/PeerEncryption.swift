#if Hybrid
    internal import Foundation
    internal import NIOCore
    internal import NIOSSL

    /// The encryption of connections: TLS 1.2 with the key of the handshake, and no certificates.
    enum PeerEncryption {
        /// An idle connection keeps no large buffer.
        static var handling: NIOSSLHandler.Configuration {
            var handling = NIOSSLHandler.Configuration()
            handling.maximumPreservedOutboundBufferCapacity = 4096
            return handling
        }

        /// The only cipher of pre-shared keys that the library has with forward secrecy.
        private static let cipher = "ECDHE-PSK-CHACHA20-POLY1305"

        private static func configuration() -> TLSConfiguration {
            var configuration = TLSConfiguration.makePreSharedKeyConfiguration()
            configuration.minimumTLSVersion = .tlsv12
            configuration.maximumTLSVersion = .tlsv12
            configuration.cipherSuites = cipher
            configuration.pskHint = "warren"
            configuration.shutdownTimeout = .seconds(1)
            return configuration
        }

        /// Returns the context of a listener, which finds the key of each dialler.
        static func listener(_ meetings: SharedMeetings) throws -> NIOSSLContext {
            var configuration = configuration()
            configuration.pskServerProvider = { context in
                guard let id = UUID(uuidString: context.clientIdentity) else { throw HandshakeError.unknownKey }
                return PSKServerIdentityResponse(key: NIOSSLSecureBytes(try meetings.find(id).key.encryption))
            }
            return try NIOSSLContext(configuration: configuration)
        }

        /// Returns the context for dialling with a key.
        static func dialler(_ meeting: Meeting) throws -> NIOSSLContext {
            var configuration = configuration()
            configuration.pskClientProvider = { _ in
                let key = NIOSSLSecureBytes(meeting.key.encryption)
                return PSKClientIdentityResponse(key: key, identity: meeting.id.uuidString)
            }
            return try NIOSSLContext(configuration: configuration)
        }
    }
#endif
