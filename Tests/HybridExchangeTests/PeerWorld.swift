#if Hybrid
    import ExchangeTestKit
    import Foundation
    import Logging
    import NIOCore
    import NIOPosix

    @testable import HybridExchange

    /// A session with direct connections, and everything that its receivers saw.
    final class PeerSession: PeerReceiver {
        /// The frames and the end of one connection.
        struct Seen: Sendable {
            var frames: [PeerFrame] = []
            var bursts = 0
            var ending: PeerEnding?
        }

        let uuid: UUID
        let log = LogRecorder()
        let seen = Monitor<[UUID: [Seen]]>([:])
        private let made: Monitor<PeerHost?> = Monitor(nil)

        var host: PeerHost {
            guard let host = made.value else { preconditionFailure("the host is made in init") }
            return host
        }

        init(
            _ uuid: UUID = UUID(),
            namespace: String = "shop",
            offer: PeerOffer = PeerOffer(largestMessage: 1 << 20),
            _ change: (inout PeerSettings) -> Void = { _ in }
        ) {
            self.uuid = uuid
            var settings = PeerSettings()
            settings.security = .plain
            // Only tests of these times have short ones.
            settings.connectTimeout = .seconds(30)
            settings.handshakeTimeout = .seconds(30)
            settings.keepAlive = .seconds(30)
            change(&settings)
            let identity = Handshake.Identity(session: uuid, namespace: namespace, offer: offer)
            let (seen, made) = (seen, made)
            let host = PeerHost(identity, settings: settings, logger: log.logger) { [weak self] connection in
                seen.update { $0[connection.agreement.peer, default: []].append(Seen()) }
                guard let self else { preconditionFailure("the session lives as long as its host") }
                return self
            }
            made.update { $0 = host }
        }

        func receive(_ frame: PeerFrame, on connection: PeerConnection) throws(LaneViolation) {
            if case .refused(9, _, _, _) = frame { throw .unknownLane(9) }
            seen.update { seen in
                guard let last = seen[connection.agreement.peer]?.indices.last else { return }
                seen[connection.agreement.peer]?[last].frames.append(frame)
            }
        }

        func endBurst(on connection: PeerConnection) {
            seen.update { seen in
                guard let last = seen[connection.agreement.peer]?.indices.last else { return }
                seen[connection.agreement.peer]?[last].bursts += 1
            }
        }

        func end(_ connection: PeerConnection, _ ending: PeerEnding) {
            seen.update { seen in
                let open = seen[connection.agreement.peer]?.firstIndex { $0.ending == nil }
                if let open { seen[connection.agreement.peer]?[open].ending = ending }
            }
        }

        /// Waits for the end of the last connection to a session.
        func ending(with peer: UUID) async throws -> PeerEnding {
            try await seen.wait(for: "the end of a connection", timeout: .seconds(30)) { $0[peer]?.last?.ending }
        }

        /// Waits for this many frames of the last connection to a session.
        func frames(_ count: Int, from peer: UUID) async throws -> [PeerFrame] {
            try await seen.wait(for: "\(count) frames", timeout: .seconds(60)) { seen in
                guard let frames = seen[peer]?.last?.frames, frames.count >= count else { return nil }
                return frames
            }
        }

        /// Listens on a free port.
        func listen() async throws -> Int {
            guard case .tcp(_, let port) = try await host.listen(.tcp(host: "127.0.0.1")) else { return 0 }
            return port
        }

        /// Makes a key with another session, and lets that one dial with it.
        func expect(_ other: UUID, principal: String? = "shop") -> Meeting {
            // A busy machine may take longer than a key lives.
            let start = ContinuousClock.now + .seconds(3600)
            let (asker, answerer) = HandshakeWorld.meetings(other, uuid, start: start, principal: principal)
            host.meetings.add(answerer)
            return asker
        }

        /// Waits for the connection to a session.
        func connection(to peer: UUID) async throws -> PeerConnection {
            try await eventually("the connection") { self.host.connection(to: peer) }
        }

        /// Listens, and connects a peer that never reads.
        func unreadingPeer() async throws -> (raw: RawPeer, connection: PeerConnection) {
            let raw = try await RawPeer(port: try await listen())
            let session = UUID()
            _ = try await raw.shakeHands(session, expect(session))
            try await raw.channel.setOption(.autoRead, value: false).get()
            return (raw, try await connection(to: session))
        }

        /// Waits until so many handshakes were refused for a reason.
        func refusals(_ reason: HandshakeError, atLeast count: Int = 1) async throws {
            try await eventually("\(count) refusals", value: { self.host.failures.counts }) { counts in
                counts[reason.reason, default: 0] >= count
            }
        }
    }

    /// A listener, and a session that is connected to it.
    struct PeerPair {
        let listener: PeerSession
        let dialler: PeerSession
        let port: Int
        let connection: PeerConnection

        init(_ listener: PeerSession = PeerSession(), _ dialler: PeerSession = PeerSession()) async throws {
            let port = try await listener.listen()
            try await self.init(listener, dialler, listensOn: port, diallingTo: port)
        }

        private init(
            _ listener: PeerSession,
            _ dialler: PeerSession,
            listensOn port: Int,
            diallingTo other: Int
        ) async throws {
            self.listener = listener
            self.dialler = dialler
            self.port = port
            let endpoint = PeerEndpoint.tcp(host: "127.0.0.1", port: other)
            connection = try await dialler.host.dial(listener.expect(dialler.uuid), at: [endpoint])
        }

        /// Connects two sessions through a proxy, and closes all three after `body`.
        static func throughProxy(
            _ settings: (inout PeerSettings) -> Void = { _ in },
            _ body: (PeerPair, FaultProxy) async throws -> Void
        ) async throws {
            let (listener, dialler) = (PeerSession(UUID(), settings), PeerSession(UUID(), settings))
            let port = try await listener.listen()
            let proxy = try FaultProxy(targetPort: port)
            let pair = try await PeerPair(listener, dialler, listensOn: port, diallingTo: proxy.listenPort)
            try await body(pair, proxy)
            await pair.close()
            await proxy.stop()
        }

        func close() async {
            await dialler.host.close()
            await listener.host.close()
        }
    }

    /// A program that reaches a port and sends bytes of its own.
    final class RawPeer: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer

        struct State: Sendable {
            var received: [UInt8] = []
            var isClosed = false
        }

        let state = Monitor(State())
        private let connected: Monitor<(any Channel)?> = Monitor(nil)

        var channel: any Channel {
            guard let channel = connected.value else { preconditionFailure("the channel is made in init") }
            return channel
        }

        init(port: Int) async throws {
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelInitializer { channel in channel.pipeline.addHandler(self) }
                .connect(host: "127.0.0.1", port: port).get()
            connected.update { $0 = channel }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data).readableBytesView
            state.update { $0.received += bytes }
        }

        func channelInactive(context: ChannelHandlerContext) {
            state.update { $0.isClosed = true }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }

        func send(_ bytes: some Sequence<UInt8>) {
            channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
        }

        /// Waits until the other side has closed, and returns everything that it said.
        func closed() async throws -> [UInt8] {
            try await state.wait(for: "the end of a connection", timeout: .seconds(30)) {
                $0.isClosed ? $0.received : nil
            }
        }

        /// Carries out a handshake, and returns the bytes that were sent for it.
        func shakeHands(_ session: UUID, _ meeting: Meeting, namespace: String = "shop") async throws -> [UInt8] {
            var handshake = Handshake(
                .init(session: session, namespace: namespace, offer: PeerOffer(largestMessage: 1 << 20)),
                nonce: Handshake.randomNonce(),
                deadline: .now + .seconds(30)
            )
            var meetings = Meetings()
            meetings.add(meeting, now: .now)
            var sent: [UInt8] = []
            var actions = handshake.dial(meeting)
            while true {
                for action in actions {
                    switch action {
                    case .send(let bytes):
                        sent += bytes
                        send(bytes)
                    case .finish: return sent
                    }
                }
                let bytes = try await state.wait(for: "an answer", timeout: .seconds(30)) { state -> [UInt8]? in
                    guard !state.received.isEmpty || state.isClosed else { return nil }
                    defer { state.received = [] }
                    return state.received
                }
                guard !bytes.isEmpty else { throw HandshakeError.closed }
                actions = try handshake.receive(bytes, &meetings, now: .now)
            }
        }
    }
#endif
