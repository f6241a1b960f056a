#if Hybrid
    import ExchangeTestKit
    import Foundation
    import NIOCore
    import Testing

    @testable import HybridExchange

    @Suite("The memory of connections between peers", .serialized)
    struct PeerMemoryTests {
        private func resident() throws -> Int { try ProcessFigures.trimmedMemory() }

        @Test(
            "10,000 strangers that connect harm no peer, and nothing grows",
            arguments: [PeerSettings.Security.plain, .encrypted]
        )
        func strangers(_ security: PeerSettings.Security) async throws {
            let listener = PeerSession {
                $0.handshakeTimeout = .seconds(600)
                $0.security = security
            }
            let pair = try await PeerPair(listener, PeerSession { $0.security = security })
            let unknown = listener.host.settings.unknownPeers
            var silent: [RawPeer] = []
            for _ in 0..<unknown { silent.append(try await RawPeer(port: pair.port)) }
            try await eventually("all places to be taken") { listener.host.handshakes == unknown }
            func knock() async throws {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<100 { group.addTask { _ = try await RawPeer(port: pair.port).closed() } }
                    try await group.waitForAll()
                }
            }
            // Some memory is taken once.
            for _ in 0..<10 { try await knock() }
            let before = try resident()
            let frame = PeerFrame.data(lane: 1, opening: 1, isCopied: false, message: [1])
            for round in 1...100 {
                try await knock()
                #expect(pair.connection.send(frame) == .queued)
                _ = try await listener.frames(round, from: pair.dialler.uuid)
                #expect(listener.host.handshakes == unknown)
            }
            let grown = try resident() - before
            #expect(grown < 16 << 20, "\(grown >> 10) KiB")
            try await listener.refusals(.tooManyUnknown, atLeast: 11_000)
            for stranger in silent { stranger.channel.close(promise: nil) }
            await pair.close()
        }

        @Test(
            "An idle connection takes at most 40 KiB on each side, also after large messages",
            arguments: [PeerSettings.Security.plain, .encrypted],
            [false, true]
        )
        func idle(_ security: PeerSettings.Security, _ isUsed: Bool) async throws {
            let listener = PeerSession { $0.security = security }
            let port = try await listener.listen()
            // Sessions are there before: only their connections are measured.
            let diallers = (0..<250).map { _ in PeerSession { $0.security = security } }
            let frame = PeerFrame.data(
                lane: 1,
                opening: 1,
                isCopied: false,
                message: [UInt8](repeating: 1, count: 500_000)
            )
            func connect(_ diallers: ArraySlice<PeerSession>) async throws {
                for dialler in diallers {
                    let meeting = listener.expect(dialler.uuid)
                    let connection = try await dialler.host.dial(meeting, at: [.tcp(host: "127.0.0.1", port: port)])
                    let other = try await listener.connection(to: dialler.uuid)
                    guard isUsed else { continue }
                    #expect(connection.send(frame) == .queued && other.send(frame) == .queued)
                    _ = try await listener.frames(1, from: dialler.uuid)
                    _ = try await dialler.frames(1, from: listener.uuid)
                    for session in [listener, dialler] { session.seen.update { $0 = [:] } }
                }
            }
            // Some memory is taken once.
            try await connect(diallers[..<50])
            let before = try resident()
            try await connect(diallers[50...])
            let each = (try resident() - before) / 400
            #expect(listener.host.connections.count == 250)
            #expect(each <= 40 << 10, "\(each) bytes")
            for dialler in diallers { await dialler.host.close() }
            await listener.host.close()
        }
    }

    extension ProcessFigures {
        /// The memory of this process, without that which the C library keeps for later.
        static func trimmedMemory() throws -> Int {
            typealias Trim = @convention(c) (Int) -> Int32
            if let trim = dlsym(nil, "malloc_trim") { _ = unsafeBitCast(trim, to: Trim.self)(0) }
            return try #require(ProcessFigures()).resident
        }
    }
#endif
