#if Hybrid
    internal import AgentExchange
    internal import Foundation
    internal import Logging
    internal import NIOCore
    internal import NIOPosix
    internal import Synchronization

    /// The direct connections of one session: those that it accepted and those that it dialled, at most one to each peer.
    ///
    /// Memory is bounded: at most ``PeerSettings/peers`` connections with limited queues, at most
    /// ``PeerSettings/unknownPeers`` handshakes of ``HandshakeMessage/largest`` bytes.
    final class PeerHost: Sendable {
        private struct State {
            var book: PeerBook<PeerConnection>
            /// Channels with an unfinished handshake, keyed by their identity.
            var handshakes: [ObjectIdentifier: any Channel] = [:]
            /// The number of them that this side accepted.
            var unknown = 0
            var listeners: [any Channel] = []
            var lastNumber: UInt64 = 0
            var isClosed = false
        }

        let identity: Handshake.Identity
        let settings: PeerSettings
        let group: any EventLoopGroup
        /// The keys that the broker carried.
        let meetings = SharedMeetings()
        /// The handshakes that this session refused.
        let failures: HandshakeFailures

        private let sizes: PeerFrameDecoder.Sizes
        private let accept: @Sendable (PeerConnection) -> any PeerReceiver
        private let state: Mutex<State>

        /// - Parameter accept: Returns the receiver for a new connection. It is called on the connection's event loop.
        init(
            _ identity: Handshake.Identity,
            settings: PeerSettings = PeerSettings(),
            group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
            logger: Logger,
            accept: @escaping @Sendable (PeerConnection) -> any PeerReceiver
        ) {
            self.identity = identity
            self.settings = settings
            self.group = group
            self.accept = accept
            failures = HandshakeFailures(logger: logger)
            sizes = PeerFrameDecoder.Sizes(
                maximumMessageSize: identity.offer.largestMessage,
                windowBytes: identity.offer.windowBytes
            )
            state = Mutex(State(book: PeerBook(limit: settings.peers)))
        }

        /// The connections to peers.
        var connections: [PeerConnection] { state.withLock(\.book.connections) }

        /// The number of handshakes that have not ended.
        var handshakes: Int { state.withLock(\.handshakes.count) }

        /// Returns the connection to a session.
        func connection(to peer: UUID) -> PeerConnection? { state.withLock { $0.book[peer] } }

        /// Closes the listeners and the unfinished handshakes, and says `bye` to every peer. Everything is closed when this
        /// returns.
        ///
        /// - Parameter limit: The time after which a connection without an answer is cut.
        func close(within limit: Duration = .seconds(5)) async {
            let (channels, connections) = state.withLock { state in
                state.isClosed = true
                defer { state.listeners = [] }
                return (state.listeners + state.handshakes.values, state.book.connections)
            }
            for closing in channels.map({ $0.close() }) { try? await closing.get() }
            await withTaskGroup { group in
                for connection in connections { group.addTask { await connection.close(within: limit) } }
            }
        }

        // MARK: Channels

        /// Keeps a listening channel. Returns `false` when the host is closed.
        func keep(listener: any Channel) -> Bool {
            state.withLock { state in
                if !state.isClosed { state.listeners.append(listener) }
                return !state.isClosed
            }
        }

        /// Counts a channel at the beginning of its handshake.
        ///
        /// - Throws: ``HandshakeError/tooManyUnknown`` for an accepted one, ``HandshakeError/closed``.
        func begin(_ channel: any Channel, isAccepted: Bool) throws(HandshakeError) {
            try state.withLock { state throws(HandshakeError) in
                guard !state.isClosed else { throw .closed }
                guard !isAccepted || state.unknown < settings.unknownPeers else { throw .tooManyUnknown }
                if isAccepted { state.unknown += 1 }
                state.handshakes[ObjectIdentifier(channel)] = channel
            }
        }

        /// Forgets a channel at the end of its handshake.
        func endHandshake(_ channel: any Channel, isAccepted: Bool) {
            state.withLock { state in
                guard state.handshakes.removeValue(forKey: ObjectIdentifier(channel)) != nil else { return }
                if isAccepted { state.unknown -= 1 }
            }
        }

        /// Closes a channel unless its handshake has succeeded. Call it with a channel of ``DialAttempt``.
        func abandon(_ channel: any Channel) {
            channel.eventLoop.execute {
                // A channel has this handler when its handshake has succeeded.
                let frames = try? channel.pipeline.syncOperations.handler(type: FrameHandler.self)
                if frames == nil { channel.close(promise: nil) }
            }
        }

        /// Makes the connection of a channel after its handshake. Call it on the channel's event loop.
        ///
        /// - Throws: ``HandshakeError/duplicate``, ``HandshakeError/tooManyPeers``, ``HandshakeError/closed``.
        func open(
            _ agreement: Agreement,
            _ channel: any Channel
        ) throws(HandshakeError) -> (PeerConnection, FrameHandler) {
            let queue = PeerQueue(settings.outbox)
            let ended = channel.eventLoop.makePromise(of: PeerEnding.self)
            let pulse = Pulse(interval: settings.keepAlive, renewal: settings.renewal, now: .now)
            let handler = FrameHandler(queue: queue, sizes: sizes, pulse: pulse, ended: ended)
            let bound = NIOLoopBound(handler, eventLoop: channel.eventLoop)
            let leaving: PeerBook<PeerConnection>.Leaving?
            let connection: PeerConnection
            do throws(HandshakeError) {
                (connection, leaving) = try state.withLock { state throws(HandshakeError) in
                    guard !state.isClosed else { throw .closed }
                    state.lastNumber += 1
                    let connection = PeerConnection(
                        agreement,
                        address: channel.peerName,
                        number: state.lastNumber,
                        queue: queue,
                        handler: bound,
                        ended: ended.futureResult,
                        socketClosed: channel.closeFuture
                    )
                    let leaving = try state.book.admit(
                        connection,
                        number: connection.number,
                        to: agreement.peer,
                        dialledBy: agreement.dialler
                    ) { [idle = settings.idle] connection in
                        let lastUsed = connection.lastUsed
                        return lastUsed.duration(to: .now) >= idle ? lastUsed : nil
                    }
                    return (connection, leaving)
                }
            } catch {
                ended.succeed(.replaced)
                throw error
            }
            if let leaving { leaving.connection.leave(leaving.ending, within: settings.handshakeTimeout) }
            let (peer, number) = (agreement.peer, connection.number)
            handler.begin(connection, accept(connection)) {
                self.state.withLock { $0.book.remove(peer, number: number) }
            }
            return (connection, handler)
        }
    }

    extension TimeAmount {
        /// The same time, or the longest that there is.
        init(_ duration: Duration) {
            let (seconds, attoseconds) = duration.components
            let (nanoseconds, isTooLarge) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
            self = isTooLarge ? .hours(24) : .nanoseconds(nanoseconds &+ attoseconds / 1_000_000_000)
        }
    }
#endif
