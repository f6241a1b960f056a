import AMQP
import ExchangeTestKit
import Foundation
import Testing

@Suite("A connection to a broker", BrokerFixture.needsBroker)
struct ConnectionTests {
    @Test("knows the broker, and shows its name and capabilities there")
    func identity() async throws {
        let broker = try await PrivateBroker.shared()
        try await BrokerFixture.withConnection(to: broker.amqpURL, configure: { $0.name = "identity-test" }) {
            #expect($0.isOpen)
            #expect($0.serverProperties.product == "RabbitMQ")
            #expect($0.serverProperties.version.hasPrefix("3.") || $0.serverProperties.version.hasPrefix("4."))
            let connections = try await broker.control("list_connections", "-q", "client_properties")
            #expect(connections.contains("identity-test"))
            #expect(connections.contains("connection.blocked"))
        }
    }

    @Test("wrong passwords and virtual hosts are told apart, and no text shows the password")
    func wrongLogin() async throws {
        let broker = try await PrivateBroker.shared()
        let wrong = try await failure("amqp://guest:hunter2@127.0.0.1:\(broker.port)")
        #expect(wrong.code == .authenticationFailed)
        #expect(wrong.replyCode == 403)
        #expect(wrong.delivery == .notSent)
        #expect(!"\(wrong)".contains("hunter2"))
        let host = try await failure("amqp://guest:guest@127.0.0.1:\(broker.port)/missing")
        #expect(host.code == .virtualHostNotFound)
        #expect(host.replyCode == 530)
    }

    @Test("a port where nobody listens, a host that does not exist, and a peer that is no broker are told apart")
    func unreachable() async throws {
        let unused = try FaultProxy(targetPort: 1)
        try await unused.set(.refuse)
        #expect(try await failure("amqp://127.0.0.1:\(unused.listenPort)").code == .connectionRefused)
        await unused.stop()
        let unknown = try await failure("amqp://no-such-host.invalid?connection_timeout=3000").code
        #expect(unknown == .unresolvableHost || unknown == .connectTimedOut)
    }

    @Test("a peer that accepts and never speaks costs no more than the connect timeout")
    func silentPeer() async throws {
        let broker = try await PrivateBroker.shared()
        let proxy = try FaultProxy(targetPort: broker.port)
        try await proxy.set(.stall)
        let start = ContinuousClock.now
        let error = try await failure("amqp://guest:guest@127.0.0.1:\(proxy.listenPort)?connection_timeout=700")
        #expect(error.code == .connectTimedOut)
        #expect(start.duration(to: .now) < .seconds(5))
        await proxy.stop()
    }

    @Test("the next endpoint is tried when one refuses")
    func secondEndpoint() async throws {
        let broker = try await PrivateBroker.shared()
        let dead = try FaultProxy(targetPort: 1)
        try await dead.set(.refuse)
        let url = "amqp://guest:guest@127.0.0.1:\(dead.listenPort),127.0.0.1:\(broker.port)"
        try await BrokerFixture.withConnection(to: url) { #expect($0.isOpen) }
        await dead.stop()
    }

    @Test("closing ends waiters, consumers and events, and everything afterwards says closed")
    func close() async throws {
        let broker = try await PrivateBroker.shared()
        let connection = Connection(
            configuration: try ConnectionConfiguration(url: broker.amqpURL),
            logger: BrokerFixture.quiet
        )
        try await connection.open()
        let channel = try await connection.openChannel(confirms: true, deadline: .soon)
        let queue = BrokerFixture.name("close")
        try await channel.declareQueue(
            QueueDeclaration(name: queue, durable: false, exclusive: true),
            deadline: .soon
        )
        let consumer = try await channel.consume(ConsumerDeclaration(queue: queue), deadline: .soon)
        let pulling = Task { () async -> AMQPError? in
            do throws(AMQPError) {
                for try await _ in consumer {}
                return nil
            } catch { return error }
        }
        await connection.close(timeout: .seconds(5))
        await connection.close(timeout: .seconds(5))
        #expect(await pulling.value?.code == .closed)
        #expect(!connection.isOpen)
        #expect(await connection.waitUntilClosed() == nil)
        #expect(await channel.waitUntilClosed()?.code == .closed)
        var events: [ConnectionEvent] = []
        for await event in connection.events { events.append(event) }
        #expect(events == [.closed(nil)])
        let error = await #expect(throws: AMQPError.self) {
            try await channel.publish(Publication(exchange: "", routingKey: "x", body: Data()), deadline: .soon)
        }
        #expect(error?.code == .closed)
        #expect(error?.delivery == .notSent)
        await #expect(throws: AMQPError.self) { try await connection.open() }
    }

    @Test("a connection that was never opened can be closed, and refuses everything")
    func neverOpened() async throws {
        let connection = Connection(configuration: ConnectionConfiguration(), logger: BrokerFixture.quiet)
        await connection.close(timeout: .seconds(1))
        #expect(await connection.waitUntilClosed() == nil)
        let error = await #expect(throws: AMQPError.self) { try await connection.open() }
        #expect(error?.code == .closed)
        await #expect(throws: AMQPError.self) {
            _ = try await connection.openChannel(confirms: true, deadline: .soon)
        }
    }

    @Test("opened and closed 100 times, failed logins included, it leaves neither threads nor descriptors")
    func noLeaks() async throws {
        let broker = try await PrivateBroker.shared()
        let name = "lk\(UInt32.random(in: 0...UInt32.max))"
        let before = try descriptors()
        for round in 0..<100 {
            if round % 4 == 0 {
                _ = try await failure("amqp://guest:wrong@127.0.0.1:\(broker.port)?name=\(name)")
            } else {
                try await BrokerFixture.withConnection(to: broker.amqpURL, configure: { $0.name = name }) {
                    _ = try await $0.openChannel(confirms: true, deadline: .soon)
                }
            }
        }
        try await eventually("the threads are gone") { try threads(named: name) == 0 }
        // Other tests open and close connections meanwhile; a leak would be 100 at least.
        try await eventually("the descriptors are gone") { try descriptors() < before + 60 }
    }

    @Test("all negotiated channels can be open at once; one more is refused, and a closed one makes room")
    func channelLimit() async throws {
        let broker = try await PrivateBroker.start(.init(plugins: [], settings: ["channel_max = 8"]))
        try await BrokerFixture.withConnection(to: broker.amqpURL) { connection in
            var channels: [Channel] = []
            for _ in 0..<8 { channels.append(try await connection.openChannel(confirms: false, deadline: .soon)) }
            #expect(Set(channels.map(\.number)).count == 8)
            let error = await #expect(throws: AMQPError.self) {
                _ = try await connection.openChannel(confirms: false, deadline: .soon)
            }
            #expect(error?.code == .channelLimitReached)
            try await channels[3].close(deadline: .soon)
            _ = try await connection.openChannel(confirms: false, deadline: .soon)
        }
        await broker.stop()
    }

    private func failure(_ url: String) async throws -> AMQPError {
        let connection = Connection(
            configuration: try ConnectionConfiguration(url: url),
            logger: BrokerFixture.quiet
        )
        let error = await #expect(throws: AMQPError.self) { try await connection.open() }
        await connection.close(timeout: .seconds(5))
        return try #require(error)
    }

    private func descriptors() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    }

    private func threads(named name: String) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").filter {
            (try? String(contentsOfFile: "/proc/self/task/\($0)/comm", encoding: .utf8))?.hasPrefix(name) == true
        }.count
    }
}
