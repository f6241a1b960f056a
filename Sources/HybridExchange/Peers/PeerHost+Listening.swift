#if Hybrid
    internal import Foundation
    internal import NIOCore
    internal import NIOPosix
    internal import NIOSSL

    extension PeerHost {
        /// Listens until the host closes, and returns the address.
        ///
        /// - Throws: ``ListenError``.
        func listen(_ address: ListenPlace) async throws(ListenError) -> PeerEndpoint {
            switch address {
            case .tcp(let host, let ports): try await listen(host, ports.isEmpty ? [0] : ports)
            case .unix(let folder): try await listen(folder)
            }
        }

        private func listen(_ host: String, _ ports: [Int]) async throws(ListenError) -> PeerEndpoint {
            let bootstrap = try bootstrap(isEncrypted: settings.security == .encrypted)
            var code = EADDRINUSE
            for port in ports {
                do {
                    let listener = try await bootstrap.bind(host: host, port: port).get()
                    try await start(listener)
                    return .tcp(host: host, port: listener.localAddress?.port ?? port)
                } catch let error as IOError where error.errnoCode == EADDRINUSE || error.errnoCode == EACCES {
                    code = error.errnoCode
                } catch {
                    throw ListenError(error)
                }
            }
            throw .noFreePort(code: code)
        }

        private func listen(_ folder: String) async throws(ListenError) -> PeerEndpoint {
            let path = folder + "/" + identity.session.uuidString.lowercased()
            guard path.utf8.count <= 107 else { throw .pathTooLong(path.utf8.count) }
            try SocketFolder.prepare(folder)
            SocketFolder.removeStale(folder)
            do {
                let bootstrap = try bootstrap(isEncrypted: false)
                let listener = try await bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true)
                    .get()
                // The kernel keeps the file when a socket closes.
                listener.closeFuture.whenComplete { _ in _ = unlink(path) }
                try await start(listener)
                return .unix(path: path)
            } catch {
                throw ListenError(error)
            }
        }

        private func start(_ listener: any Channel) async throws {
            guard keep(listener: listener) else {
                try await listener.close()
                throw ListenError.closed
            }
        }

        private func bootstrap(isEncrypted: Bool) throws(ListenError) -> ServerBootstrap {
            let encryption: NIOSSLContext?
            do {
                encryption = isEncrypted ? try PeerEncryption.listener(meetings) : nil
            } catch {
                throw ListenError(error)
            }
            return ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 256)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.writeBufferWaterMark, value: Self.waterMark)
                .childChannelOption(.recvAllocator, value: Self.readBuffer(isEncrypted: encryption != nil))
                .childChannelOption(.maxMessagesPerRead, value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture { try self.accept(channel, encryption) }
                }
        }

        /// Below the first mark a channel takes frames again, above the second it takes no more.
        static var waterMark: ChannelOptions.Types.WriteBufferWaterMark {
            .init(low: FrameHandler.writeSize / 2, high: FrameHandler.writeSize)
        }

        /// A channel keeps the buffer of its largest read, and with TLS the decrypted bytes of all reads of one turn too: so a
        /// turn has one read, of 16 KiB at most, or of 2 KiB.
        static func readBuffer(isEncrypted: Bool) -> AdaptiveRecvByteBufferAllocator {
            let largest = isEncrypted ? 2 << 10 : 16 << 10
            return AdaptiveRecvByteBufferAllocator(minimum: 1 << 10, initial: 2 << 10, maximum: largest)
        }

        private func accept(_ channel: any Channel, _ encryption: NIOSSLContext?) throws {
            do throws(HandshakeError) {
                try begin(channel, isAccepted: true)
            } catch {
                failures.note(error, from: channel.peerName)
                throw error
            }
            channel.closeFuture.whenComplete { _ in self.endHandshake(channel, isAccepted: true) }
            let pipeline = channel.pipeline.syncOperations
            if let encryption {
                let handler = NIOSSLServerHandler(context: encryption, configuration: PeerEncryption.handling)
                try pipeline.addHandlers(ByteBudget(), handler)
            }
            try pipeline.addHandler(HandshakeHandler(self, .listener))
            channel.setDelayOff()
        }
    }

    extension Channel {
        /// Small frames go out at once. Unix sockets have no such delay.
        func setDelayOff() {
            guard remoteAddress?.protocol != .unix else { return }
            _ = setOption(.tcpOption(.tcp_nodelay), value: 1)
        }
    }

    extension ListenError {
        init(_ error: any Error) {
            switch error {
            case let error as ListenError: self = error
            case let error as IOError: self = .system(code: error.errnoCode)
            default: self = .system(code: EINVAL)
            }
        }
    }
#endif
