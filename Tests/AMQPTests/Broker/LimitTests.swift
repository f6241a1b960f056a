import ExchangeTestKit
import Foundation
import Testing

@testable import AMQP

@Suite("Limits of a connection", BrokerFixture.needsBroker)
struct LimitTests {
    @Test("with the smallest frames a large body still arrives, and headers are measured against them")
    func smallFrames() async throws {
        let url = try await PrivateBroker.shared().amqpURL
        try await BrokerFixture.withConnection(to: url, configure: { $0.frameMax = 4096 }) { connection in
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            let queue = BrokerFixture.name("small")
            try await channel.declareQueue(QueueDeclaration(name: queue, durable: false), deadline: .soon)
            let body = Data((0..<100_000).map { UInt8(truncatingIfNeeded: $0) })
            try await channel.publish(Publication(exchange: "", routingKey: queue, body: body), deadline: .soon)
            #expect(try await channel.get(queue, deadline: .soon)?.body == body)
            var large = Publication(exchange: "", routingKey: queue, body: Data())
            large.properties.headers["h"] = .string(String(repeating: "x", count: 4096))
            let error = await #expect(throws: AMQPError.self) { try await channel.publish(large, deadline: .soon) }
            #expect(error?.code == .frameTooLarge)
            try await channel.deleteQueue(queue, deadline: .soon)
        }
    }

    @Test("a body above the configured maximum ends the connection with frameTooLarge")
    func largeBody() async throws {
        let url = try await PrivateBroker.shared().amqpURL
        let queue = BrokerFixture.name("large")
        try await BrokerFixture.withConnection(to: url, configure: { $0.maximumBodySize = 1000 }) { connection in
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            try await channel.declareQueue(QueueDeclaration(name: queue, exclusive: true), deadline: .soon)
            let body = Data(count: 1001)
            try await channel.publish(Publication(exchange: "", routingKey: queue, body: body), deadline: .soon)
            let error = await #expect(throws: AMQPError.self) { _ = try await channel.get(queue, deadline: .soon) }
            #expect(error?.code == .frameTooLarge)
            #expect(await connection.waitUntilClosed()?.code == .frameTooLarge)
        }
    }

    @Test("a window of one message is never exceeded, and everything is published in the end")
    func smallWindow() async throws {
        let url = try await PrivateBroker.shared().amqpURL
        let configure: (inout ConnectionConfiguration) -> Void = { $0.publishWindow = PublishWindow(messages: 1) }
        try await BrokerFixture.withConnection(to: url, configure: configure) { connection in
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<200 {
                    group.addTask {
                        try await channel.publish(
                            Publication(exchange: "", routingKey: "x", body: Data("x".utf8)),
                            deadline: .soon
                        )
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("what is isolated to the connection runs before it is opened, on its own thread while open, and after")
    func executor() async throws {
        let name = "x\(UInt32.random(in: 0...UInt32.max))"
        var configuration = try ConnectionConfiguration(url: try await PrivateBroker.shared().amqpURL)
        configuration.name = name
        let connection = Connection(configuration: configuration, logger: BrokerFixture.quiet)
        #expect(try await connection.threadName() != name)
        try await connection.open()
        #expect(try await connection.threadName() == name)
        await connection.close(timeout: .seconds(5))
        #expect(try await connection.threadName() != name)
    }

    @Test("open and close hold their limits while the thread is stuck, as in a name lookup, and it ends afterwards")
    func stuckThread() async throws {
        let name = "s\(UInt32.random(in: 0...UInt32.max))"
        var configuration = try ConnectionConfiguration(url: try await PrivateBroker.shared().amqpURL)
        configuration.name = name
        configuration.connectTimeout = .milliseconds(300)
        let connection = Connection(configuration: configuration, logger: BrokerFixture.quiet)
        let isStuck = OneShot<Void>()
        let release = DispatchSemaphore(value: 0)
        let blocking = Task { await connection.block(until: release, isStuck) }
        #expect(await isStuck.wait(until: .soon) != nil)
        let start = ContinuousClock.now
        let error = await #expect(throws: AMQPError.self) { try await connection.open() }
        #expect(error?.code == .connectTimedOut)
        await connection.close(timeout: .milliseconds(100))
        #expect(start.duration(to: .now) < .seconds(5))
        release.signal()
        await blocking.value
        try await eventually("the thread is gone") {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").allSatisfy {
                let comm = try? String(contentsOfFile: "/proc/self/task/\($0)/comm", encoding: .utf8)
                return comm?.hasPrefix(name) != true
            }
        }
    }
}

extension Connection {
    /// Blocks whatever runs the jobs of the connection.
    fileprivate func block(until release: DispatchSemaphore, _ isStuck: OneShot<Void>) {
        isStuck.resolve(())
        release.wait()
    }

    fileprivate func threadName() throws -> String {
        assertIsolated()
        return try String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)
            .trimmingCharacters(in: .newlines)
    }
}
