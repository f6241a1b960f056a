#if Hybrid
    internal import NIOCore
    internal import NIOPosix

    /// An endpoint that was dialled.
    struct ExaminedEndpoint: Sendable {
        let endpoint: PeerEndpoint
        let result: EndpointProbe
    }

    /// The result of dialling one endpoint of a session.
    enum EndpointProbe: Sendable, Hashable {
        /// The session proved itself there, within this time.
        case reached(Duration)
        /// Nothing listens there.
        case refused
        /// No packet came back in time: a firewall drops them, or nothing has the address.
        case dropped
        /// The name has no address.
        case unresolved
        /// There is no way to the address; the code is that of the system.
        case unreachable(code: Int32)
        /// A program answered, and the handshake failed.
        case handshake(HandshakeError)

        /// The result of an attempt that made no connection.
        init(connecting error: any Error) {
            // A name may have several addresses; the last error speaks for them.
            let cause: any Error
            if let failure = error as? NIOConnectionError {
                guard let last = failure.connectionErrors.last else {
                    self = .unresolved
                    return
                }
                cause = last.error
            } else {
                cause = error
            }
            if case .connectTimeout? = cause as? ChannelError {
                self = .dropped
            } else if let failure = cause as? IOError {
                self = failure.errnoCode == ECONNREFUSED ? .refused : .unreachable(code: failure.errnoCode)
            } else {
                self = .unreachable(code: 0)
            }
        }
    }
#endif
