#if Hybrid
    internal import Foundation
    internal import NIOCore

    /// A connection to a peer that has proved its key.
    ///
    /// Frames can be sent from any task or thread; no function but ``close(within:)`` waits. Nothing grows behind a peer that
    /// does not read: see ``Outbox``. The connection always ends: by `bye`, by an error, or when the peer falls silent.
    final class PeerConnection: Sendable {
        /// The result of sending a frame.
        enum Sending: Sendable, Hashable {
            /// It goes out after the frames before it.
            case queued
            /// The queue is full. Nothing of it goes out; the message can go through the broker.
            case full
            /// The connection closes or has ended.
            case closed
        }

        /// The facts of the handshake.
        let agreement: Agreement
        /// The address of the other side.
        let address: String
        /// Identifies the connection in this process.
        let number: UInt64

        private let queue: PeerQueue
        private let eventLoop: any EventLoop
        private let handler: NIOLoopBound<FrameHandler>
        private let ended: EventLoopFuture<PeerEnding>
        private let socketClosed: EventLoopFuture<Void>

        init(
            _ agreement: Agreement,
            address: String,
            number: UInt64,
            queue: PeerQueue,
            handler: NIOLoopBound<FrameHandler>,
            ended: EventLoopFuture<PeerEnding>,
            socketClosed: EventLoopFuture<Void>
        ) {
            self.agreement = agreement
            self.address = address
            self.number = number
            self.queue = queue
            self.eventLoop = ended.eventLoop
            self.handler = handler
            self.ended = ended
            self.socketClosed = socketClosed
        }

        /// The bytes that wait in this process for the peer to read.
        var waitingBytes: Int { queue.bytes }

        /// The time of the last message in either direction.
        var lastUsed: ContinuousClock.Instant { queue.lastUsed }

        /// Sends a frame. A message larger than ``PeerFrame/largestPiece`` goes in pieces.
        ///
        /// Frames of one lane (`open`, `data`, `queued`) keep their order; others may overtake them. Replies have a queue of
        /// their own: a peer that lets it fill up is given up.
        func send(_ frame: PeerFrame) -> Sending {
            let outcome: Outbox.Outcome
            switch frame {
            case .data(let lane, let opening, let isCopied, let message):
                let frames = PeerFrameEncoder.data(lane: lane, opening: opening, isCopied: isCopied, message)
                outcome = queue.append(frames, lane: lane)
            case .open(let lane, _, _, _), .queued(let lane, _):
                outcome = queue.append([PeerFrameEncoder.encode(frame)], lane: lane)
            case .notice, .close:
                // A lane without messages of open fate has nothing in the queue.
                outcome = queue.append(PeerFrameEncoder.encode(frame))
            case .ack, .opened, .refused, .ping, .pong, .bye:
                outcome = queue.append(PeerFrameEncoder.encode(frame))
                if outcome == .full { end(.unread) }
            }
            switch outcome {
            case .queued(let mustWake):
                if mustWake { eventLoop.execute { self.handler.value.flush() } }
                return .queued
            case .full: return .full
            case .closed: return .closed
            }
        }

        /// A new proof came through the broker: the connection may go on.
        func renew() {
            eventLoop.execute { self.handler.value.renew() }
        }

        /// Says `bye` behind everything that was sent, and waits until the peer has read it and said the same,
        /// and the socket is closed.
        ///
        /// - Parameter limit: The time until the connection is cut. Frames that were not read by then may be lost.
        /// - Returns: The reason of the end, which may have come earlier.
        @discardableResult
        func close(within limit: Duration) async -> PeerEnding {
            let mustWake = queue.close()
            eventLoop.execute {
                if mustWake { self.handler.value.flush() }
                self.handler.value.endClose(within: limit)
            }
            let ending = await ending
            try? await socketClosed.get()
            return ending
        }

        /// Says `bye` behind everything that was sent, and does not wait for the end.
        ///
        /// - Parameters:
        ///   - reason: The reason of the end, unless the connection ends otherwise.
        ///   - limit: The time until the connection is cut.
        func leave(_ reason: PeerEnding, within limit: Duration) {
            eventLoop.execute { self.handler.value.leave(reason, within: limit) }
        }

        /// Cuts the connection at once.
        func end(_ ending: PeerEnding) {
            eventLoop.execute { self.handler.value.end(ending) }
        }

        /// The reason of the end, when it has come.
        var ending: PeerEnding {
            // The future never fails.
            get async { (try? await ended.get()) ?? .cut }
        }
    }
#endif
