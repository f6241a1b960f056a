#if AutoGen
    internal import NIOCore

    /// Closes a connection that brings nothing for a time, not even the answer to a ping.
    ///
    /// The keepalive of grpc-swift sends pings, and does not end the streams of a client that hangs.
    final class SilenceHandler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if event is IdleStateHandler.IdleStateEvent {
                context.close(promise: nil)
            } else {
                context.fireUserInboundEventTriggered(event)
            }
        }

        /// Watches a connection.
        static func watch(_ channel: any Channel, limit: Duration) -> EventLoopFuture<Void> {
            channel.eventLoop.makeCompletedFuture {
                let idle = IdleStateHandler(readTimeout: TimeAmount(limit))
                // In front of everything else: a part of an answer is a sign of life too.
                try channel.pipeline.syncOperations.addHandlers([idle, SilenceHandler()], position: .first)
            }
        }
    }
#endif
