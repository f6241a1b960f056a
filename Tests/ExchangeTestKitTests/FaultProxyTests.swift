import ExchangeTestKit
import Glibc
import Testing

@Suite("A fault proxy", .timeLimit(.minutes(1)))
struct FaultProxyTests {
    private let server: EchoServer
    private let proxy: FaultProxy
    private let hello = Array("hello".utf8)

    init() throws {
        server = try EchoServer()
        proxy = try FaultProxy(targetPort: server.port)
    }

    @Test("passes bytes both ways and counts them")
    func pass() async throws {
        let client = try LoopbackSocket(port: proxy.listenPort)
        try client.send(hello)
        #expect(try client.receive(exactly: 5) == hello)
        let seen = try await proxy.statistics { $0.bytesToClient == 5 }
        #expect(seen.accepted == 1)
        #expect(seen.open == 1)
        #expect(seen.bytesToTarget == 5)
        await proxy.stop()
    }

    @Test("passes a large stream unchanged")
    func largeStream() async throws {
        let client = try LoopbackSocket(port: proxy.listenPort)
        var generator = SeededGenerator()
        let sent = (0..<1_000_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        var received: [UInt8] = []
        for start in stride(from: 0, to: sent.count, by: 50_000) {
            let piece = Array(sent[start..<start + 50_000])
            try client.send(piece)
            received += try client.receive(exactly: piece.count)
        }
        #expect(received == sent, "\(generator)")
        await proxy.stop()
    }

    @Test("tells the target the end of the client's stream, and the other way round")
    func halfClose() async throws {
        let client = try LoopbackSocket(port: proxy.listenPort)
        try client.send(hello)
        _ = shutdown(client.descriptor, Int32(SHUT_WR))
        #expect(try client.receive(exactly: 5) == hello)
        #expect(try client.receive(within: .seconds(5)) == [])
        try await proxy.statistics { $0.open == 0 }
        await proxy.stop()
    }

    @Test("delays each way by the time it was told")
    func delay() async throws {
        let client = try LoopbackSocket(port: proxy.listenPort)
        try await proxy.set(.delay(.milliseconds(150)))
        let clock = ContinuousClock()
        let took = try clock.measure {
            try client.send(hello)
            #expect(try client.receive(exactly: 5) == hello)
        }
        #expect(took >= .milliseconds(300))
        await proxy.stop()
    }

    @Test("stalls until the sender's buffers are full, and loses nothing")
    func stall() async throws {
        let client = try LoopbackSocket(port: proxy.listenPort)
        try await proxy.set(.stall)
        let block = [UInt8](repeating: 7, count: 65_536)
        var taken = 0
        while true {
            let count = try client.sendWhatFits(block)
            if count == 0 { break }
            taken += count
            try #require(taken < 100_000_000, "a stalled proxy must not read")
        }
        #expect(proxy.statistics.bytesToTarget == 0)
        let late = try LoopbackSocket(port: proxy.listenPort)
        try late.send(hello)
        #expect(try late.receive(within: .milliseconds(100)) == nil)

        try await proxy.set(.pass)
        #expect(try late.receive(exactly: 5) == hello)
        #expect(try client.receive(exactly: taken).count == taken)
        await proxy.stop()
    }

    @Test("drops bytes silently in both directions")
    func dropBoth() async throws {
        let client = try LoopbackSocket(port: proxy.listenPort)
        try await proxy.set(.drop(.both))
        try client.send(hello)
        try await proxy.statistics { $0.bytesDropped == 5 }
        #expect(try client.receive(within: .milliseconds(100)) == nil)
        try await proxy.set(.pass)
        try client.send(hello)
        #expect(try client.receive(exactly: 5) == hello, "what was dropped does not come back")
        await proxy.stop()
    }

    @Test("drops in one direction only, and hides that the other side has gone")
    func dropOneWay() async throws {
        let client = try LoopbackSocket(port: proxy.listenPort)
        try await proxy.set(.drop(.toClient))
        try client.send(hello)
        try await proxy.statistics { $0.bytesToTarget == 5 && $0.bytesDropped == 5 }
        _ = shutdown(client.descriptor, Int32(SHUT_WR))
        #expect(try client.receive(within: .milliseconds(100)) == nil, "the server's end is hidden")
        try await proxy.set(.pass)
        #expect(try client.receive(within: .seconds(5)) == [], "and told afterwards")
        await proxy.stop()
    }

    @Test("resets open and new connections")
    func reset() async throws {
        let client = try LoopbackSocket(port: proxy.listenPort)
        try client.send(hello)
        #expect(try client.receive(exactly: 5) == hello)
        try await proxy.set(.reset)
        #expect(throws: LoopbackSocket.Failure(code: ECONNRESET)) { try client.receive(within: .seconds(5)) }
        #expect(throws: LoopbackSocket.Failure(code: ECONNRESET)) {
            try LoopbackSocket(port: proxy.listenPort).receive(within: .seconds(5))
        }
        try await proxy.set(.pass)
        let next = try LoopbackSocket(port: proxy.listenPort)
        try next.send(hello)
        #expect(try next.receive(exactly: 5) == hello)
        try await proxy.resetConnections()
        #expect(throws: LoopbackSocket.Failure(code: ECONNRESET)) { try next.receive(within: .seconds(5)) }
        await proxy.stop()
    }

    @Test("refuses new connections on the same port, again and again, and keeps the open ones")
    func refuse() async throws {
        let client = try LoopbackSocket(port: proxy.listenPort)
        for _ in 0..<3 {
            try await proxy.set(.refuse)
            #expect(throws: LoopbackSocket.Failure(code: ECONNREFUSED)) { try LoopbackSocket(port: proxy.listenPort) }
            try client.send(hello)
            #expect(try client.receive(exactly: 5) == hello)
            try await proxy.set(.pass)
            let next = try LoopbackSocket(port: proxy.listenPort)
            try next.send(hello)
            #expect(try next.receive(exactly: 5) == hello)
        }
        await proxy.stop()
    }

    @Test("cuts a connection after exactly so many bytes, once", arguments: [1, 7, 4_000])
    func cut(bytes: Int) async throws {
        let client = try LoopbackSocket(port: proxy.listenPort)
        try await proxy.cut(afterBytes: bytes, .toClient)
        try client.send([UInt8](repeating: 1, count: 5_000))
        #expect(try client.receive(exactly: 5_000).count == bytes)
        let next = try LoopbackSocket(port: proxy.listenPort)
        try next.send(hello)
        #expect(try next.receive(exactly: 5) == hello)
        await proxy.stop()
    }

    @Test("resets the client when nothing listens behind it")
    func noTarget() async throws {
        let other = try FaultProxy(targetPort: proxy.listenPort)
        try await proxy.set(.refuse)
        let client = try LoopbackSocket(port: other.listenPort)
        #expect(throws: LoopbackSocket.Failure(code: ECONNRESET)) { try client.receive(within: .seconds(5)) }
        await other.stop()
        await proxy.stop()
    }

    @Test("gives its port and its connections back when it stops")
    func stop() async throws {
        let client = try LoopbackSocket(port: proxy.listenPort)
        try await proxy.statistics { $0.open == 1 }
        await proxy.stop()
        await proxy.stop()
        #expect(throws: LoopbackSocket.Failure(code: ECONNRESET)) { try client.receive(within: .seconds(5)) }
        #expect(throws: LoopbackSocket.Failure(code: ECONNREFUSED)) { try LoopbackSocket(port: proxy.listenPort) }
    }
}
