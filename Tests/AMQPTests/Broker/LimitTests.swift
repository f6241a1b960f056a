import ExchangeTestKit
import Foundation
import Primitives
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

    @Test("a header larger than the frames of this side is received all the same", arguments: [6000, 130_000])
    func largeHeader(size: Int) async throws {
        let url = try await PrivateBroker.shared().amqpURL
        let queue = BrokerFixture.name("header")
        var large = Publication(exchange: "", routingKey: queue, body: Data("body".utf8))
        large.properties.headers["h"] = .string(String(repeating: "x", count: size))
        try await BrokerFixture.withConnection(to: url, configure: { $0.frameMax = 4096 }) { small in
            let channel = try await small.openChannel(confirms: false, deadline: .soon)
            try await channel.declareQueue(QueueDeclaration(name: queue), deadline: .soon)
            try await BrokerFixture.withConnection { connection in
                let publisher = try await connection.openChannel(confirms: true, deadline: .soon)
                try await publisher.publish(large, deadline: .soon)
            }
            let delivery = try #require(try await channel.get(queue, deadline: .soon))
            #expect(delivery.properties.headers["h"]?.stringValue?.utf8.count == size)
            #expect(delivery.body == large.body)
            try await channel.deleteQueue(queue, deadline: .soon)
        }
    }

    @Test("a body above the configured maximum is left out, and what follows is received")
    func largeBody() async throws {
        let url = try await PrivateBroker.shared().amqpURL
        let queue = BrokerFixture.name("large")
        try await BrokerFixture.withConnection(to: url, configure: { $0.maximumBodySize = 1000 }) { connection in
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            try await channel.declareQueue(QueueDeclaration(name: queue, exclusive: true), deadline: .soon)
            let body = Data(count: 1001)
            try await channel.publish(Publication(exchange: "", routingKey: queue, body: body), deadline: .soon)
            let next = Data(count: 1000)
            try await channel.publish(Publication(exchange: "", routingKey: queue, body: next), deadline: .soon)
            let large = try #require(try await channel.get(queue, deadline: .soon))
            #expect(large.body.isEmpty && large.omittedBytes == 1001)
            let small = try #require(try await channel.get(queue, deadline: .soon))
            #expect(small.body == next && small.omittedBytes == 0)
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
        isStuck.set(())
        release.wait()
    }

    fileprivate func threadName() throws -> String {
        assertIsolated()
        return try String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)
            .trimmingCharacters(in: .newlines)
    }
}
