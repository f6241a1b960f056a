#if Hybrid
    internal import NIOCore
    internal import NIOSSL

    /// The frames of one connection, on its event loop.
    final class FrameHandler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        /// The number of bytes that are taken from the queue at a time, and the mark above which the channel takes no more.
        static let writeSize = 64 << 10
        /// The size of one write of an encrypted connection, in bytes. It keeps the buffer of the largest one, which is 2 KiB
        /// with the head and the end of a TLS record.
        static let encryptedSlice = (2 << 10) - 128

        private let queue: PeerQueue
        private let ended: EventLoopPromise<PeerEnding>
        private var decoder: PeerFrameDecoder
        private var pulse: Pulse
        private var receiver: (any PeerReceiver)?
        private var connection: PeerConnection?
        private var leave: (@Sendable () -> Void)?
        private var context: ChannelHandlerContext?
        private var sliceSize = writeSize
        /// Whether the buffer of decrypted bytes may have pages that nothing writes to.
        private var mustTrim = false
        private var timer: Scheduled<Void>?
        private var closing: Scheduled<Void>?
        private var hasEnded = false
        /// The reason of an end by `bye`.
        private var farewell = PeerEnding.closed
        private var hasHeardBye = false
        private var hasMessages = false
        /// The number of writes that the kernel has not taken.
        private var writes = 0

        init(queue: PeerQueue, sizes: PeerFrameDecoder.Sizes, pulse: Pulse, ended: EventLoopPromise<PeerEnding>) {
            self.queue = queue
            self.decoder = PeerFrameDecoder(sizes)
            self.pulse = pulse
            self.ended = ended
        }

        /// Hands the frames that come to a receiver. Call it before the handler is in the pipeline.
        ///
        /// - Parameter leave: Called when the connection has ended.
        func begin(_ connection: PeerConnection, _ receiver: any PeerReceiver, leave: @escaping @Sendable () -> Void) {
            self.connection = connection
            self.receiver = receiver
            self.leave = leave
        }

        func handlerAdded(context: ChannelHandlerContext) {
            self.context = context
            let encryption = try? context.pipeline.syncOperations.context(handlerType: NIOSSLHandler.self)
            if encryption != nil { (sliceSize, mustTrim) = (Self.encryptedSlice, true) }
            schedule()
            flush()
        }

        func handlerRemoved(context: ChannelHandlerContext) {
            end(.cut)
            self.context = nil
        }

        // MARK: Reading

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard !hasEnded else { return }
            pulse.received(at: .now)
            let bytes = unwrapInboundIn(data)
            decoder.append(bytes.readableBytesView)
            if mustTrim {
                mustTrim = false
                bytes.releaseUnusedPages()
            }
            do throws(PeerFrameError) {
                while !hasEnded, let frame = try decoder.next() { take(frame) }
            } catch {
                end(.invalid(error))
            }
        }

        func channelReadComplete(context: ChannelHandlerContext) {
            if hasMessages, let connection {
                hasMessages = false
                queue.touch(at: .now)
                receiver?.endBurst(on: connection)
            }
            if hasHeardBye {
                if queue.close() { flush() }
                finishIfDone()
            }
            context.fireChannelReadComplete()
        }

        private func take(_ frame: PeerFrame) {
            guard let connection, let receiver else { return }
            guard !hasHeardBye else { return end(.frameAfterBye) }
            switch frame {
            case .ping(let number): _ = connection.send(.pong(number))
            case .pong: break
            case .bye: hasHeardBye = true
            case .data, .ack, .open, .opened, .refused, .queued, .notice, .close:
                hasMessages = true
                do throws(LaneViolation) {
                    try receiver.receive(frame, on: connection)
                } catch {
                    end(.violation(error))
                }
            }
        }

        func channelInactive(context: ChannelHandlerContext) {
            end(.cut)
            context.fireChannelInactive()
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            end(.cut)
        }

        // MARK: Writing

        /// Writes the frames that wait, until the channel is full.
        func flush() {
            guard let context, !hasEnded else { return }
            while context.channel.isWritable, !hasEnded, let frames = queue.next(Self.writeSize) {
                var buffer = context.channel.allocator.buffer(capacity: frames.reduce(0) { $0 + $1.count })
                for frame in frames { buffer.writeBytes(frame) }
                writes += 1
                pulse.write(at: .now)
                while buffer.readableBytes > sliceSize, let slice = buffer.readSlice(length: sliceSize) {
                    context.writeAndFlush(wrapOutboundOut(slice), promise: nil)
                }
                let promise = context.eventLoop.makePromise(of: Void.self)
                promise.futureResult.assumeIsolated().whenSuccess { self.endWrite() }
                context.writeAndFlush(wrapOutboundOut(buffer), promise: promise)
            }
        }

        private func endWrite() {
            writes -= 1
            pulse.wrote(isWaiting: writes > 0, at: .now)
            finishIfDone()
        }

        func channelWritabilityChanged(context: ChannelHandlerContext) {
            flush()
            context.fireChannelWritabilityChanged()
        }

        // MARK: Times

        /// A new proof came through the broker.
        func renew() { pulse.renew(at: .now) }

        private func schedule() {
            guard let context, !hasEnded else { return }
            let delay = max(.milliseconds(1), ContinuousClock.now.duration(to: pulse.deadline))
            timer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(delay)) { self.tick() }
        }

        private func tick() {
            switch pulse.tick(at: .now) {
            case .ping(let number): _ = connection?.send(.ping(number))
            case .giveUp(let ending): end(ending)
            case nil: break
            }
            schedule()
        }

        // MARK: The end

        /// Says `bye` because this side wants no connection, and cuts it when the peer does not answer in time.
        func leave(_ reason: PeerEnding, within limit: Duration) {
            farewell = reason
            if queue.close() { flush() }
            endClose(within: limit)
        }

        /// Cuts the connection when the peer has not said `bye` in time.
        func endClose(within limit: Duration) {
            guard let context, !hasEnded, closing == nil else { return }
            closing = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limit)) {
                self.end(.closeTimedOut)
            }
        }

        private func finishIfDone() {
            if hasHeardBye, queue.hasSaidBye, writes == 0 { end(farewell, isFarewell: true) }
        }

        /// Ends the connection. Only the first reason counts.
        func end(_ ending: PeerEnding, isFarewell: Bool = false) {
            guard !hasEnded else { return }
            hasEnded = true
            timer?.cancel()
            closing?.cancel()
            queue.end()
            if let context {
                if isFarewell { context.close(promise: nil) } else { context.cut() }
            }
            leave?()
            if let connection { receiver?.end(connection, ending) }
            ended.succeed(ending)
            connection = nil
            receiver = nil
            leave = nil
        }
    }

    extension ChannelHandlerContext {
        /// Closes the channel without the farewell of TLS, for which a dead peer would have to answer.
        func cut() {
            if let encryption = try? pipeline.syncOperations.context(handlerType: NIOSSLHandler.self) {
                encryption.close(mode: .all, promise: nil)
            } else {
                close(mode: .all, promise: nil)
            }
        }
    }
#endif
