import AMQP
import ExchangeTestKit
import Foundation
import Testing

@Suite("A send that blocks, on a line", BrokerFixture.needsBroker, Certificates.needsOpenSSL)
struct BlockedSendTests {
    /// TLS, because there the C library writes, and waits for ever when the socket is full.
    @Test("is broken by the watchdog; what was unconfirmed is published on the next connection, in order")
    func broken() async throws {
        let files = try await Certificates()
        let (broker, port) = try await TLSListener.broker(files)
        let proxy = try FaultProxy(targetPort: port)
        // The heartbeat would notice after two minutes only.
        let url = "amqps://guest:guest@localhost:\(proxy.listenPort)?heartbeat=60&cacertfile=\(files.authority)"
        var configuration = try ConnectionConfiguration(url: url)
        configuration.recovery = RecoveryPolicy(firstDelay: .milliseconds(50), maximumDelay: .seconds(1))
        let line = Line(configuration: configuration, logger: BrokerFixture.quiet)
        try await line.open()
        let publisher = Publisher(line: line, name: "test")
        let running = [
            Task { await line.run { (_) throws(AMQPError) in } },
            Task { await publisher.run() },
        ]
        let queue = BrokerFixture.name("blocked")
        _ = try await line.withChannel(deadline: .soon) { (channel) throws(AMQPError) in
            try await channel.declareQueue(QueueDeclaration(name: queue), deadline: .soon)
        }
        try await proxy.set(.stall)
        let start = ContinuousClock.now
        async let results = withTaskGroup(of: AMQPError?.self) { group in
            for number in 0..<30 {
                let publication = Publication(
                    exchange: "",
                    routingKey: queue,
                    properties: MessageProperties(headers: ["n": .int64(Int64(number))]),
                    body: Data(count: 1 << 20)
                )
                group.addTask {
                    do throws(AMQPError) {
                        try await publisher.publish(publication, deadline: .after(.seconds(60)))
                        return nil
                    } catch { return error }
                }
            }
            return await group.reduce(into: [AMQPError?]()) { $0.append($1) }
        }
        var events = line.events.makeAsyncIterator()
        guard case .lost = await events.next() else { throw NotLost() }
        let noticed = start.duration(to: .now)
        #expect(noticed > .seconds(4) && noticed < .seconds(12), "\(noticed)")
        try await proxy.set(.pass)
        try await proxy.resetConnections()
        #expect(await results.compactMap(\.self).isEmpty)
        let count = try await line.withChannel(deadline: .soon) { (channel) throws(AMQPError) in
            try await channel.declareQueue(QueueDeclaration(name: queue, passive: true), deadline: .soon)
        }.messageCount
        #expect(count >= 30)
        await line.close(timeout: .seconds(5))
        for task in running {
            task.cancel()
            await task.value
        }
        await proxy.stop()
        await broker.stop()
    }

    private struct NotLost: Error {}
}
