#if Hybrid
    internal import NIOCore
    internal import NIOSSL

    /// The handshake of one connection, on its event loop. When both sides have proved the key, frames follow.
    final class HandshakeHandler: ChannelInboundHandler, RemovableChannelHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        /// This side of the connection.
        enum Side {
            case listener
            case dialler(Meeting, EventLoopPromise<PeerConnection>)
        }

        private let host: PeerHost
        private let side: Side
        private var handshake: Handshake
        private var timer: Scheduled<Void>?
        private var isBegun = false
        private var isOver = false

        init(_ host: PeerHost, _ side: Side) {
            self.host = host
            self.side = side
            handshake = Handshake(
                host.identity,
                nonce: Handshake.randomNonce(),
                deadline: .now + host.settings.handshakeTimeout
            )
        }

        func handlerAdded(context: ChannelHandlerContext) {
            schedule(context)
            if context.channel.isActive { begin(context) }
        }

        func channelActive(context: ChannelHandlerContext) {
            begin(context)
            context.fireChannelActive()
        }

        private var isAccepted: Bool {
            if case .listener = side { true } else { false }
        }

        private func begin(_ context: ChannelHandlerContext) {
            guard !isBegun else { return }
            isBegun = true
            switch side {
            case .listener: handshake.listen()
            case .dialler(let meeting, _): carryOut(handshake.dial(meeting), context)
            }
        }

        // MARK: Events

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard !isOver else { return context.fireChannelRead(data) }
            do throws(HandshakeError) {
                let actions = try host.meetings.receive(unwrapInboundIn(data).readableBytesView, by: &handshake)
                // A connection that is refused is not welcomed.
                if case .finish(let agreement, let rest) = actions.last {
                    try finish(agreement, rest, actions.dropLast(), context)
                } else {
                    carryOut(actions, context)
                }
            } catch {
                fail(error, context)
            }
        }

        func channelInactive(context: ChannelHandlerContext) {
            fail(.closed, context)
            context.fireChannelInactive()
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            guard !isOver else { return context.fireErrorCaught(error) }
            switch error {
            case let error as HandshakeError: fail(error, context)
            case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError: fail(.notEncrypted, context)
            default: fail(.closed, context)
            }
        }

        func handlerRemoved(context: ChannelHandlerContext) {
            fail(.closed, context)
        }

        private func schedule(_ context: ChannelHandlerContext) {
            let delay = max(.milliseconds(1), ContinuousClock.now.duration(to: handshake.deadline))
            timer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(delay)) {
                guard !self.isOver else { return }
                do throws(HandshakeError) {
                    try self.handshake.tick(at: .now)
                    self.schedule(context)
                } catch {
                    self.fail(error, context)
                }
            }
        }

        // MARK: Steps

        private func carryOut(_ actions: some Sequence<Handshake.Action>, _ context: ChannelHandlerContext) {
            for case .send(let bytes) in actions {
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
            }
        }

        private func finish(
            _ agreement: Agreement,
            _ rest: [UInt8],
            _ actions: some Sequence<Handshake.Action>,
            _ context: ChannelHandlerContext
        ) throws(HandshakeError) {
            let (connection, frames) = try host.open(agreement, context.channel)
            isOver = true
            timer?.cancel()
            host.endHandshake(context.channel, isAccepted: isAccepted)
            carryOut(actions, context)
            do {
                let pipeline = context.pipeline.syncOperations
                if let budget = try? pipeline.handler(type: ByteBudget.self) {
                    pipeline.removeHandler(budget, promise: nil)
                }
                try pipeline.addHandler(frames, position: .after(self))
                if !rest.isEmpty {
                    context.fireChannelRead(wrapInboundOut(ByteBuffer(bytes: rest)))
                    context.fireChannelReadComplete()
                }
                if case .dialler(_, let promise) = side { promise.succeed(connection) }
                pipeline.removeHandler(self, promise: nil)
            } catch {
                // The channel closed meanwhile.
                frames.end(.cut)
                if case .dialler(_, let promise) = side { promise.fail(HandshakeError.closed) }
                context.cut()
            }
        }

        /// Closes without a word: only a peer that is known is told anything.
        private func fail(_ error: HandshakeError, _ context: ChannelHandlerContext) {
            guard !isOver else { return }
            isOver = true
            timer?.cancel()
            switch side {
            case .listener: host.failures.note(error, from: context.channel.peerName)
            case .dialler(_, let promise): promise.fail(error)
            }
            context.cut()
        }
    }

    extension HandshakeHandler {
        typealias InboundOut = ByteBuffer
    }

    extension Channel {
        /// The address of the other side, for logs.
        var peerName: String { remoteAddress.map { "\($0)" } ?? "?" }
    }

    /// Closes an encrypted connection after too many bytes of an unknown peer.
    final class ByteBudget: ChannelInboundHandler, RemovableChannelHandler {
        typealias InboundIn = ByteBuffer
        typealias InboundOut = ByteBuffer

        /// The handshake of TLS takes some 600 bytes, and ours at most ``HandshakeMessage/largest``.
        static let limit = 4096

        private var received = 0

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received += unwrapInboundIn(data).readableBytes
            guard received > Self.limit else { return context.fireChannelRead(data) }
            context.fireErrorCaught(HandshakeError.tooManyBytes)
        }
    }
#endif
