#if Monitoring
    import NIOCore

    /// Closes a connection whose client takes no byte of its answer for too long. The server would keep the answer, and the
    /// connection its place, for ever.
    final class StalledAnswerHandler: ChannelInboundHandler, RemovableChannelHandler {
        typealias InboundIn = NIOAny

        private let patience: TimeAmount
        private var alarm: Scheduled<Void>?

        init(patience: TimeAmount) {
            self.patience = patience
        }

        func channelWritabilityChanged(context: ChannelHandlerContext) {
            alarm?.cancel()
            alarm = nil
            if !context.channel.isWritable {
                let channel = context.channel
                alarm = context.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
            }
            context.fireChannelWritabilityChanged()
        }

        func handlerRemoved(context: ChannelHandlerContext) {
            alarm?.cancel()
        }
    }
#endif
