#if Hybrid
    import ExchangeTestKit
    import NIOCore
    import NIOPosix

    /// A TCP proxy on loopback that keeps everything that goes through it, as a capture does.
    struct RecordingProxy: Sendable {
        private let listener: any Channel
        private let bytes: Monitor<[UInt8]>

        /// The port that clients connect to.
        let port: Int

        /// - Parameter targetPort: The port that connections go to.
        init(targetPort: Int) async throws {
            let bytes = Monitor<[UInt8]>([])
            self.bytes = bytes
            listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelInitializer { client in
                    ClientBootstrap(group: client.eventLoop)
                        .channelInitializer { target in
                            target.eventLoop.makeCompletedFuture {
                                try target.pipeline.syncOperations.addHandler(PassingHandler(to: client, bytes))
                            }
                        }
                        .connect(host: "127.0.0.1", port: targetPort)
                        .flatMap { target in
                            client.eventLoop.makeCompletedFuture {
                                try client.pipeline.syncOperations.addHandler(PassingHandler(to: target, bytes))
                            }
                        }
                }
                .bind(host: "127.0.0.1", port: 0)
                .get()
            port = listener.localAddress?.port ?? 0
        }

        /// Everything that went through, in both directions.
        var recorded: [UInt8] { bytes.value }

        func stop() async { try? await listener.close() }
    }

    /// Passes bytes and the end of the stream on to another channel.
    private final class PassingHandler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let other: any Channel
        private let bytes: Monitor<[UInt8]>

        init(to other: any Channel, _ bytes: Monitor<[UInt8]>) {
            self.other = other
            self.bytes = bytes
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let buffer = unwrapInboundIn(data)
            bytes.update { $0 += buffer.readableBytesView }
            other.writeAndFlush(buffer, promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) {
            other.close(promise: nil)
            context.fireChannelInactive()
        }
    }
#endif
