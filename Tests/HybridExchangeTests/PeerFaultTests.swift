#if Hybrid
    import ExchangeTestKit
    import Foundation
    import Logging
    import NIOCore
    import Testing

    @testable import HybridExchange

    @Suite("Connections between peers that fail")
    struct PeerFaultTests {
        /// Waits until a good session can connect and send.
        private func expectGood(_ listener: PeerSession, _ port: Int) async throws {
            let good = PeerSession { $0.security = listener.host.settings.security }
            let endpoint = PeerEndpoint.tcp(host: "127.0.0.1", port: port)
            let connection = try await good.host.dial(listener.expect(good.uuid), at: [endpoint])
            #expect(connection.send(.data(lane: 1, opening: 1, isCopied: false, message: [1])) == .queued)
            _ = try await listener.frames(1, from: good.uuid)
            await good.host.close()
        }

        @Test(
            "A dialler with another key, namespace or session hears nothing, and the operator sees the reason",
            arguments: [PeerSettings.Security.plain, .encrypted]
        )
        func refusals(_ security: PeerSettings.Security) async throws {
            let listener = PeerSession { $0.security = security }
            let port = try await listener.listen()
            let endpoint = PeerEndpoint.tcp(host: "127.0.0.1", port: port)

            func refuse(_ reason: HandshakeError, _ dialler: PeerSession, _ meeting: Meeting) async throws {
                await #expect(throws: DialError.self) { try await dialler.host.dial(meeting, at: [endpoint]) }
                try await listener.refusals(reason)
                #expect(dialler.host.connections.isEmpty && listener.host.connections.isEmpty)
                await dialler.host.close()
            }
            func session(namespace: String = "shop") -> PeerSession {
                PeerSession(namespace: namespace) { $0.security = security }
            }
            let isPlain = security == .plain
            // A wrong key.
            var dialler = session()
            let meeting = listener.expect(dialler.uuid)
            let wrong = HandshakeWorld.meetings(dialler.uuid, listener.uuid).asker
            let forged = Meeting(id: meeting.id, peer: listener.uuid, key: wrong.key, principal: nil, start: .now)
            try await refuse(isPlain ? .wrongProof : .notEncrypted, dialler, forged)
            // A key that nobody knows.
            dialler = session()
            let unknown = HandshakeWorld.meetings(dialler.uuid, listener.uuid).asker
            try await refuse(isPlain ? .unknownKey : .notEncrypted, dialler, unknown)
            // Another namespace, with a key that is right.
            dialler = session(namespace: "other")
            try await refuse(.wrongNamespace, dialler, listener.expect(dialler.uuid))
            // Another session at the address.
            dialler = session()
            let right = listener.expect(dialler.uuid)
            let elsewhere = Meeting(id: right.id, peer: UUID(), key: right.key, principal: nil, start: .now)
            try await refuse(.wrongSession, dialler, elsewhere)

            try await expectGood(listener, port)
            let entry = try await listener.log.entry { $0.level == .warning }
            #expect(entry.metadata["reason"] != nil && entry.metadata["address"] != nil)
            #expect(listener.log.entries.count <= 5)
            await listener.host.close()
        }

        @Test("Silence is ended by the deadline of the handshake")
        func silence() async throws {
            let listener = PeerSession { $0.handshakeTimeout = .milliseconds(200) }
            let silent = try await RawPeer(port: try await listener.listen())
            #expect(try await silent.closed().isEmpty)
            try await listener.refusals(.timedOut)
            try await eventually("no handshake is under way") { listener.host.handshakes == 0 }
            await listener.host.close()
        }

        @Test("Random bytes and HTTP are refused without a word, and counted", arguments: [false, true])
        func strangers(_ isEncrypted: Bool) async throws {
            let listener = PeerSession {
                $0.security = isEncrypted ? .encrypted : .plain
            }
            let port = try await listener.listen()
            var random = SeededGenerator()
            var inputs = (0..<50).map { _ in
                [UInt8(0)]
                    + (0..<Int.random(in: 40...2000, using: &random)).map { _ in .random(in: 0...255, using: &random) }
            }
            inputs.append(Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
            let reason: HandshakeError = isEncrypted ? .notEncrypted : .notAPeer
            for input in inputs {
                let stranger = try await RawPeer(port: port)
                stranger.send(input)
                let said = try await stranger.closed()
                // TLS says an alert before anything is known.
                #expect(isEncrypted ? said.count < 64 : said.isEmpty, "\(random)")
            }
            try await listener.refusals(reason, atLeast: inputs.count)
            try await expectGood(listener, port)
            try await eventually("no handshake is under way") { listener.host.handshakes == 0 }
            await listener.host.close()
        }

        @Test("The bytes of an earlier handshake are refused")
        func replay() async throws {
            let listener = PeerSession()
            let port = try await listener.listen()
            let session = UUID()
            let first = try await RawPeer(port: port)
            let bytes = try await first.shakeHands(session, listener.expect(session))
            let second = try await RawPeer(port: port)
            second.send(bytes)
            #expect(try await second.closed().isEmpty)
            try await listener.refusals(.usedKey)
            #expect(listener.host.connection(to: session) != nil)
            first.channel.close(promise: nil)
            await listener.host.close()
        }

        @Test("At most so many unknown peers are served, however many connect, and known ones go on")
        func manyStrangers() async throws {
            let listener = PeerSession { $0.handshakeTimeout = .seconds(600) }
            let pair = try await PeerPair(listener)
            let strangers = try await withThrowingTaskGroup(of: RawPeer.self) { group in
                for _ in 0..<400 { group.addTask { try await RawPeer(port: pair.port) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            try await listener.refusals(.tooManyUnknown, atLeast: 400 - listener.host.settings.unknownPeers)
            #expect(listener.host.handshakes <= listener.host.settings.unknownPeers)
            let frame = PeerFrame.data(lane: 1, opening: 1, isCopied: false, message: [1])
            #expect(pair.connection.send(frame) == .queued)
            _ = try await listener.frames(1, from: pair.dialler.uuid)
            for stranger in strangers { stranger.channel.close(promise: nil) }
            try await eventually("no handshake") { listener.host.handshakes == 0 }
            try await expectGood(listener, pair.port)
            await pair.close()
        }

        @Test("At most so many peers are connected: idle ones go first, and those in use stay")
        func manyPeers() async throws {
            let listener = PeerSession {
                $0.peers = 4
                $0.idle = .seconds(3600)
            }
            let port = try await listener.listen()
            var diallers: [PeerSession] = []
            for _ in 0..<4 {
                let dialler = PeerSession()
                _ = try await dialler.host.dial(
                    listener.expect(dialler.uuid),
                    at: [.tcp(host: "127.0.0.1", port: port)]
                )
                diallers.append(dialler)
            }
            let late = PeerSession()
            await #expect(throws: DialError.handshake(.closed)) {
                try await late.host.dial(listener.expect(late.uuid), at: [.tcp(host: "127.0.0.1", port: port)])
            }
            try await listener.refusals(.tooManyPeers)
            #expect(listener.host.connections.count == 4)
            for dialler in diallers + [late] { await dialler.host.close() }
            await listener.host.close()
        }

        @Test("The connection that was idle the longest says bye, and makes room for another peer")
        func idlePeers() async throws {
            let listener = PeerSession {
                $0.peers = 2
                $0.idle = .zero
            }
            let port = try await listener.listen()
            let diallers = (0..<3).map { _ in PeerSession() }
            for dialler in diallers {
                let meeting = listener.expect(dialler.uuid)
                _ = try await dialler.host.dial(meeting, at: [.tcp(host: "127.0.0.1", port: port)])
            }
            #expect(try await listener.ending(with: diallers[0].uuid) == .idle)
            #expect(try await diallers[0].ending(with: listener.uuid) == .closed)
            #expect(Set(listener.host.connections.map(\.agreement.peer)) == Set(diallers.dropFirst().map(\.uuid)))
            for dialler in diallers { await dialler.host.close() }
            await listener.host.close()
        }

        @Test("Frames that are no frames end their connection, and no other one")
        func badFrames() async throws {
            let pair = try await PeerPair()
            let large = PeerFrameEncoder.data(
                lane: 1,
                opening: 1,
                isCopied: false,
                [UInt8](repeating: 0, count: 2 << 20)
            )
            let refused = PeerFrameEncoder.encode(.refused(lane: 9, opening: 1, from: 0, .busy))
            let behind =
                PeerFrameEncoder.encode(.bye) + PeerFrameEncoder.encode(.opened(lane: 1, opening: 1, marker: UUID()))
            let cases: [([UInt8], PeerEnding)] = [
                ([255, 255, 255, 255], .invalid(.invalidLength(.max))),
                (large[0], .invalid(.messageTooLarge(2 << 20))),
                (large[1], .invalid(.misplacedPiece(lane: 1))),
                ([0, 0, 0, 2, 8, 1], .invalid(.truncated)),
                (refused, .violation(.unknownLane(9))),
                (behind, .frameAfterBye),
            ]
            for (bytes, expected) in cases {
                let session = UUID()
                let raw = try await RawPeer(port: pair.port)
                _ = try await raw.shakeHands(session, pair.listener.expect(session))
                raw.send(bytes)
                #expect(try await pair.listener.ending(with: session) == expected)
                _ = try await raw.closed()
            }
            // A length, and silence: nothing is delivered, and nothing is taken for it.
            let session = UUID()
            let raw = try await RawPeer(port: pair.port)
            _ = try await raw.shakeHands(session, pair.listener.expect(session))
            raw.send([0, 1, 0, 9, 1])
            raw.channel.close(promise: nil)
            #expect(try await pair.listener.ending(with: session) == .cut)
            #expect(pair.listener.seen.value[session]?.last?.frames.isEmpty == true)
            #expect(pair.listener.host.connection(to: pair.dialler.uuid) != nil)
            await pair.close()
        }

        @Test("Nothing grows behind a peer that does not read, and it is given up")
        func slowReader() async throws {
            let listener = PeerSession {
                $0.keepAlive = .seconds(1)
                $0.outbox.messages = 1 << 20
            }
            let (raw, connection) = try await listener.unreadingPeer()
            let session = connection.agreement.peer
            // It goes on to send, so that it is not silent.
            let pings = raw.channel.eventLoop.scheduleRepeatedTask(
                initialDelay: .zero,
                delay: .milliseconds(20)
            ) { [channel = raw.channel] _ in
                channel.writeAndFlush(ByteBuffer(bytes: PeerFrameEncoder.encode(.ping(1))), promise: nil)
            }
            let frame = PeerFrame.data(
                lane: 1,
                opening: 1,
                isCopied: false,
                message: [UInt8](repeating: 1, count: 100_000)
            )
            // The buffers of the kernel fill up, then the queue does.
            var fullness = 0
            let ending = try await eventually("the end", interval: .milliseconds(1)) { () -> PeerEnding? in
                if connection.send(frame) == .full { fullness += 1 }
                #expect(connection.waitingBytes <= 1 << 20)
                return listener.seen.value[session]?.last?.ending
            }
            #expect(ending == .stalled && fullness > 0)
            #expect(connection.waitingBytes == 0 && connection.send(frame) == .closed)
            pings.cancel()
            raw.channel.close(promise: nil)
            await listener.host.close()
        }

        @Test("A peer that asks and does not read the replies is given up before they fill the memory")
        func unreadReplies() async throws {
            let listener = PeerSession()
            let (raw, connection) = try await listener.unreadingPeer()
            let session = connection.agreement.peer
            let pings = [[UInt8]](repeating: PeerFrameEncoder.encode(.ping(1)), count: 5000).flatMap { $0 }
            let ending = try await eventually("the end", interval: .milliseconds(1)) { () -> PeerEnding? in
                raw.send(pings)
                #expect(connection.waitingBytes <= listener.host.settings.outbox.replies)
                return listener.seen.value[session]?.last?.ending
            }
            #expect(ending == .unread)
            raw.channel.close(promise: nil)
            await listener.host.close()
        }

        @Test("A close ends by its deadline when the peer does not read")
        func closeUnread() async throws {
            let listener = PeerSession()
            let (raw, connection) = try await listener.unreadingPeer()
            let frame = PeerFrame.data(
                lane: 1,
                opening: 1,
                isCopied: false,
                message: [UInt8](repeating: 1, count: 100_000)
            )
            var fullness = 0
            try await eventually("a full queue that stays full", interval: .milliseconds(1)) {
                if connection.send(frame) == .full { fullness += 1 } else { fullness = 0 }
                return fullness == 200
            }
            #expect(await connection.close(within: .milliseconds(100)) == .closeTimedOut)
            raw.channel.close(promise: nil)
            await listener.host.close()
        }

        @Test(
            "A connection whose bytes vanish in one direction or both is given up by both sides",
            arguments: [FaultProxy.Directions.both, .toTarget, .toClient],
            [PeerSettings.Security.plain, .encrypted]
        )
        func halfOpen(_ directions: FaultProxy.Directions, _ security: PeerSettings.Security) async throws {
            let settings: (inout PeerSettings) -> Void = {
                $0.keepAlive = .milliseconds(200)
                $0.security = security
            }
            try await PeerPair.throughProxy(settings) { pair, proxy in
                try await proxy.set(.drop(directions))
                let endings = [
                    try await pair.dialler.ending(with: pair.listener.uuid),
                    try await pair.listener.ending(with: pair.dialler.uuid),
                ]
                // The side that hears nothing gives up; the other one may hear of that.
                #expect(endings.contains(.silent) && endings.allSatisfy { $0 == .silent || $0 == .cut })
                #expect(pair.dialler.host.connections.isEmpty && pair.listener.host.connections.isEmpty)
            }
        }

        @Test("A reset and a refusal end both sides at once")
        func resets() async throws {
            try await PeerPair.throughProxy { pair, proxy in
                try await proxy.resetConnections()
                #expect(try await pair.dialler.ending(with: pair.listener.uuid) == .cut)
                #expect(try await pair.listener.ending(with: pair.dialler.uuid) == .cut)
            }
        }

        @Test(
            "A connection that is cut after each of its first 600 bytes delivers whole frames only, and the next one works",
            arguments: [FaultProxy.Directions.toTarget, .toClient]
        )
        func cuts(_ direction: FaultProxy.Directions) async throws {
            let listener = PeerSession()
            let port = try await listener.listen()
            let proxy = try FaultProxy(targetPort: port)
            let endpoint = PeerEndpoint.tcp(host: "127.0.0.1", port: proxy.listenPort)
            let frame = PeerFrame.data(lane: 1, opening: 1, isCopied: false, message: [UInt8](repeating: 1, count: 50))
            var delivered = 0
            for count in 0..<600 {
                let dialler = PeerSession()
                try await proxy.cut(afterBytes: count, direction)
                let meeting = listener.expect(dialler.uuid)
                if let connection = try? await dialler.host.dial(meeting, at: [endpoint]) {
                    let back = try await eventually("the other side") { () -> (PeerConnection?)? in
                        if let back = listener.host.connection(to: dialler.uuid) { return .some(back) }
                        return listener.seen.value[dialler.uuid]?.last?.ending.map { _ in PeerConnection?.none }
                    }
                    for sender in [connection, back].compactMap({ $0 }) {
                        for _ in 0..<10 { _ = sender.send(frame) }
                    }
                    #expect(try await dialler.ending(with: listener.uuid) == .cut)
                    #expect(try await listener.ending(with: dialler.uuid) == .cut)
                    let frames = [(listener, dialler), (dialler, listener)].flatMap { receiver, sender in
                        receiver.seen.value[sender.uuid]?.last?.frames ?? []
                    }
                    #expect(frames.allSatisfy { $0 == frame })
                    delivered += frames.count
                } else {
                    // The listener finishes before its last message reaches the dialler.
                    try await eventually("no connection") { listener.host.connections.isEmpty ? true : nil }
                }
                #expect(listener.host.connections.isEmpty)
                await dialler.host.close()
            }
            #expect(delivered > 0)
            try await expectGood(listener, proxy.listenPort)
            await listener.host.close()
            await proxy.stop()
        }

        @Test("A host that closes leaves no connection, no handshake and no port")
        func closing() async throws {
            let listener = PeerSession { $0.handshakeTimeout = .seconds(600) }
            let pair = try await PeerPair(listener)
            let stranger = try await RawPeer(port: pair.port)
            try await eventually("a handshake") { listener.host.handshakes == 1 }
            await listener.host.close()
            #expect(try await stranger.closed().isEmpty)
            #expect(try await pair.dialler.ending(with: listener.uuid) == .closed)
            try await eventually("nothing is left") {
                listener.host.connections.isEmpty && listener.host.handshakes == 0
            }
            await #expect(throws: DialError.notReached) {
                let endpoint = PeerEndpoint.tcp(host: "127.0.0.1", port: pair.port)
                return try await pair.dialler.host.dial(listener.expect(pair.dialler.uuid), at: [endpoint])
            }
            await pair.close()
        }
    }
#endif
