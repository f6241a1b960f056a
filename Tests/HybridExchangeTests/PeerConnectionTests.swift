#if Hybrid
    import ExchangeTestKit
    import Foundation
    import Testing

    @testable import HybridExchange

    @Suite("Connections between peers")
    struct PeerConnectionTests {
        @Test(
            "Frames of every kind and size arrive in order, both ways, over every kind of socket",
            arguments: ["plain", "encrypted", "unix"]
        )
        func frames(_ way: String) async throws {
            let security: PeerSettings.Security = way == "encrypted" ? .encrypted : .plain
            let listener = PeerSession { $0.security = security }
            let dialler = PeerSession { $0.security = security }
            let folder = try TemporaryDirectory()
            let endpoint =
                way == "unix"
                ? try await listener.host.listen(.unix(folder: folder.path("peers")))
                : try await listener.host.listen(.tcp(host: "127.0.0.1"))
            let connection = try await dialler.host.dial(listener.expect(dialler.uuid), at: [endpoint])
            #expect(connection.agreement.peer == listener.uuid && connection.agreement.principal == "shop")

            var samples = FrameSamples(seed: SeededGenerator.processSeed)
            var sent: [PeerFrame] = []
            while sent.count < 300 {
                let frame = samples.frame()
                switch frame {
                // They are the connection's own, or change their place.
                case .ping, .pong, .bye, .ack, .opened, .refused, .notice, .close: continue
                case .data(_, let opening, let isCopied, let message):
                    sent.append(.data(lane: 1, opening: opening, isCopied: isCopied, message: message))
                case .open(_, let opening, let lane, let marker):
                    sent.append(.open(lane: 1, opening: opening, lane, marker: marker))
                case .queued(_, let tag): sent.append(.queued(lane: 1, tag: tag))
                }
            }
            let back = try await listener.connection(to: dialler.uuid)
            for (from, session, other) in [(connection, listener, dialler), (back, dialler, listener)] {
                for frame in sent {
                    try await eventually("room") { from.send(frame) == .queued }
                }
                for reply in [
                    PeerFrame.opened(lane: 1, opening: 2, marker: UUID()), .ack([]), .notice(lane: 1, message: [1]),
                ] {
                    #expect(from.send(reply) == .queued)
                }
                let frames = try await session.frames(sent.count + 3, from: other.uuid)
                let replies = frames.filter { frame in
                    switch frame {
                    case .data, .open, .queued: false
                    default: true
                    }
                }
                #expect(replies.count == 3 && frames.filter { !replies.contains($0) } == sent)
            }
            #expect(await connection.close(within: .seconds(30)) == .closed)
            #expect(try await listener.ending(with: dialler.uuid) == .closed)
            #expect(listener.host.connections.isEmpty && dialler.host.connections.isEmpty)
            #expect(listener.host.failures.counts.isEmpty && listener.log.entries.isEmpty)
            await dialler.host.close()
            await listener.host.close()
            if case .unix(let path) = endpoint { #expect(!FileManager.default.fileExists(atPath: path)) }
        }

        @Test("Everything that was sent before the close arrives, and nothing is taken after it")
        func closeDuringWrites() async throws {
            let pair = try await PeerPair()
            let message = [UInt8](repeating: 7, count: 500_000)
            for lane in UInt32(1)...8 {
                let frame = PeerFrame.data(lane: lane, opening: 1, isCopied: false, message: message)
                #expect(pair.connection.send(frame) == .queued)
            }
            async let ending = pair.connection.close(within: .seconds(30))
            let frames = try await pair.listener.frames(8, from: pair.dialler.uuid)
            #expect(frames.count == 8)
            #expect(await ending == .closed)
            #expect(pair.connection.send(.opened(lane: 1, opening: 1, marker: UUID())) == .closed)
            #expect(try await pair.listener.ending(with: pair.dialler.uuid) == .closed)
            await pair.close()
        }

        @Test("Both sides that close at the same time end by bye")
        func bothClose() async throws {
            let pair = try await PeerPair()
            let back = try await pair.listener.connection(to: pair.dialler.uuid)
            async let one = pair.connection.close(within: .seconds(30))
            async let other = back.close(within: .seconds(30))
            #expect(await [one, other] == [.closed, .closed])
            await pair.close()
        }

        @Test("An idle connection stays while both sides answer")
        func idle() async throws {
            try await PeerPair.throughProxy({ $0.keepAlive = .seconds(1) }) { pair, proxy in
                // Three questions and answers take more than the two intervals after which a silent peer is given up.
                let size = PeerFrameEncoder.encode(.ping(1)).count
                let before = proxy.statistics
                try await proxy.statistics { $0.bytesToTarget >= before.bytesToTarget + 3 * size }
                try await proxy.statistics { $0.bytesToClient >= before.bytesToClient + 3 * size }
                #expect(await pair.connection.close(within: .seconds(30)) == .closed)
            }
        }

        @Test("A connection ends when no new proof comes through the broker")
        func renewal() async throws {
            let pair = try await PeerPair(PeerSession(), PeerSession { $0.renewal = .milliseconds(200) })
            #expect(try await pair.dialler.ending(with: pair.listener.uuid) == .proofExpired)
            #expect(try await pair.listener.ending(with: pair.dialler.uuid) == .cut)
            await pair.close()
        }

        @Test("Of two sessions that dial each other at the same time, both keep the same connection (20 times)")
        func simultaneous() async throws {
            for _ in 0..<20 {
                let (one, other) = (PeerSession(), PeerSession())
                let ports = (try await one.listen(), try await other.listen())
                let (asker, answerer) = HandshakeWorld.meetings(one.uuid, other.uuid)
                one.host.meetings.add(asker)
                other.host.meetings.add(answerer)
                async let first = one.host.dial(asker, at: [.tcp(host: "127.0.0.1", port: ports.1)])
                async let second = other.host.dial(answerer, at: [.tcp(host: "127.0.0.1", port: ports.0)])
                _ = try? await first
                _ = try? await second
                let smaller = min(one.uuid.uuidString, other.uuid.uuidString)
                try await eventually(
                    "one connection",
                    value: { () -> [String] in
                        (one.host.connections + other.host.connections).map(\.agreement.dialler.uuidString)
                    }
                ) { $0 == [smaller, smaller] }
                await one.host.close()
                await other.host.close()
            }
        }

        @Test("Endpoints are tried in order, and one that does not answer holds up the next for its share only")
        func endpoints() async throws {
            let listener = PeerSession()
            let dialler = PeerSession { $0.dialStagger = .milliseconds(50) }
            let port = try await listener.listen()
            // One refuses, one accepts and says nothing.
            let refusing = try FaultProxy(targetPort: port)
            try await refusing.set(.refuse)
            let silent = try FaultProxy(targetPort: port)
            try await silent.set(.stall)
            let endpoints = [refusing.listenPort, silent.listenPort, port].map { port in
                PeerEndpoint.tcp(host: "127.0.0.1", port: port)
            }
            let connection = try await dialler.host.dial(listener.expect(dialler.uuid), at: endpoints)
            #expect(connection.address.contains(":\(port)"))
            try await eventually("no unfinished handshake") { dialler.host.handshakes == 0 }
            await #expect(throws: DialError.notReached) {
                try await dialler.host.dial(listener.expect(dialler.uuid), at: [endpoints[0]])
            }
            await #expect(throws: DialError.noEndpoint) {
                try await dialler.host.dial(listener.expect(dialler.uuid), at: [])
            }
            await dialler.host.close()
            await listener.host.close()
            await refusing.stop()
            await silent.stop()
        }

        @Test("A socket file without a process, and a path that no socket can have, leave the next endpoint")
        func deadSockets() async throws {
            let (listener, dead, dialler) = (PeerSession(), PeerSession(), PeerSession())
            let folder = try TemporaryDirectory()
            _ = try await dead.host.listen(.unix(folder: folder.path))
            // A second name, which stays when the process ends in order.
            let file = folder.path("left")
            try #require(link(folder.path(dead.uuid.uuidString.lowercased()), file) == 0)
            await dead.host.close()
            let port = try await listener.listen()
            let sockets = [file, folder.path("none"), folder.path(String(repeating: "a", count: 200)), ""]
            for path in sockets {
                let endpoints = [PeerEndpoint.unix(path: path), .tcp(host: "127.0.0.1", port: port)]
                let connection = try await dialler.host.dial(listener.expect(dialler.uuid), at: endpoints)
                #expect(connection.address.contains(":\(port)"), "\(path)")
                #expect(await connection.close(within: .seconds(30)) == .closed)
                await #expect(throws: DialError.notReached, "\(path)") {
                    try await dialler.host.dial(listener.expect(dialler.uuid), at: [.unix(path: path)])
                }
            }
            await dialler.host.close()
            await listener.host.close()
        }

        @Test("A dial that is cancelled leaves nothing")
        func cancelled() async throws {
            let listener = PeerSession()
            let dialler = PeerSession { $0.handshakeTimeout = .seconds(600) }
            let silent = try FaultProxy(targetPort: try await listener.listen())
            try await silent.set(.stall)
            let meeting = listener.expect(dialler.uuid)
            let dial = Task { () -> DialError? in
                do throws(DialError) {
                    _ = try await dialler.host.dial(meeting, at: [.tcp(host: "127.0.0.1", port: silent.listenPort)])
                    return nil
                } catch {
                    return error
                }
            }
            try await eventually("a handshake") { dialler.host.handshakes == 1 }
            dial.cancel()
            #expect(await dial.value == .handshake(.closed))
            try await eventually("no handshake") { dialler.host.handshakes == 0 }
            await dialler.host.close()
            await listener.host.close()
            await silent.stop()
        }

        @Test("Named ports are tried in order; when all are taken, the error says so")
        func ports() async throws {
            let (one, other) = (PeerSession(), PeerSession())
            let taken = try await one.listen()
            let free = try FaultProxy(targetPort: 1)
            await free.stop()
            let address = ListenPlace.tcp(host: "127.0.0.1", ports: [taken, free.listenPort])
            #expect(try await other.host.listen(address) == .tcp(host: "127.0.0.1", port: free.listenPort))
            await #expect(throws: ListenError.noFreePort(code: EADDRINUSE)) {
                try await other.host.listen(.tcp(host: "127.0.0.1", ports: [taken]))
            }
            await other.host.close()
            await #expect(throws: ListenError.closed) { try await other.host.listen(.tcp(host: "127.0.0.1")) }
            await one.host.close()
        }

        @Test("A socket goes into a folder that nobody else may enter, with a path that fits")
        func folders() async throws {
            let session = PeerSession()
            let folder = try TemporaryDirectory()
            let long = folder.path(String(repeating: "a", count: 100))
            await #expect(throws: ListenError.pathTooLong((long + "/" + session.uuid.uuidString).utf8.count)) {
                try await session.host.listen(.unix(folder: long))
            }
            let open = folder.path("open")
            #expect(mkdir(open, 0o700) == 0 && chmod(open, 0o750) == 0)
            await #expect(throws: ListenError.folderNotPrivate) { try await session.host.listen(.unix(folder: open)) }
            let link = folder.path("link")
            #expect(symlink(folder.path, link) == 0)
            await #expect(throws: ListenError.folderNotPrivate) { try await session.host.listen(.unix(folder: link)) }
            // The socket file of a process that died with the same name.
            let path = folder.path + "/" + session.uuid.uuidString.lowercased()
            let first = PeerSession(session.uuid)
            _ = try await first.host.listen(.unix(folder: folder.path))
            #expect(try await session.host.listen(.unix(folder: folder.path)) == .unix(path: path))
            await first.host.close()
            await session.host.close()
        }

        @Test("A session that listens removes the sockets of dead processes, and no other file")
        func staleSockets() async throws {
            let folder = try TemporaryDirectory()
            func path(_ id: UUID) -> String { folder.path(id.uuidString.lowercased()) }
            /// A second name of a socket, which stays when its process removes the first one.
            func otherName(of session: PeerSession) throws -> String {
                let other = path(UUID())
                try #require(link(path(session.uuid), other) == 0)
                return other
            }
            let (living, dying, young) = (PeerSession(), PeerSession(), PeerSession())
            for session in [living, dying, young] { _ = try await session.host.listen(.unix(folder: folder.path)) }
            let dead = try otherName(of: dying)
            let justMade = try otherName(of: young)
            for session in [dying, young] { await session.host.close() }
            let file = path(UUID())
            try Data().write(to: URL(filePath: file))
            for old in [dead, path(living.uuid), file] {
                var hourAgo = [timeval](repeating: timeval(tv_sec: time(nil) - 3600, tv_usec: 0), count: 2)
                try #require(utimes(old, &hourAgo) == 0)
            }
            let newcomer = PeerSession()
            _ = try await newcomer.host.listen(.unix(folder: folder.path))
            let left = try FileManager.default.contentsOfDirectory(atPath: folder.path).map { folder.path($0) }
            #expect(Set(left) == [justMade, path(living.uuid), file, path(newcomer.uuid)])
            // The living session has noticed nothing.
            let endpoint = PeerEndpoint.unix(path: path(living.uuid))
            _ = try await newcomer.host.dial(living.expect(newcomer.uuid), at: [endpoint])
            #expect(living.host.failures.counts.isEmpty)
            for session in [newcomer, living] { await session.host.close() }
        }
    }
#endif
