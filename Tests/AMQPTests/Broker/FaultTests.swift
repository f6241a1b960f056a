import AMQP
import ExchangeTestKit
import Foundation
import Testing

@Suite("When the broker is in trouble", BrokerFixture.needsBroker)
struct FaultTests {
    @Test("a memory alarm blocks publishing until the deadline, with nothing sent, and the end of it unblocks")
    func alarm() async throws {
        let broker = try await PrivateBroker.borrow()
        try await BrokerFixture.withConnection(to: broker.amqpURL) { connection in
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            let publication = Publication(exchange: "", routingKey: "x", body: Data("x".utf8))
            try await channel.publish(publication, deadline: .soon)
            try await broker.control("set_vm_memory_high_watermark", "absolute", "1")
            // The broker blocks a connection at its next publish, which is then not answered.
            var events = connection.events.makeAsyncIterator()
            async let first: Void = channel.publish(publication, deadline: .after(.milliseconds(500)))
            guard case .blocked = await events.next() else { throw Unexpected() }
            let second = await failure { () throws(AMQPError) in
                try await channel.publish(publication, deadline: .after(.milliseconds(300)))
            }
            #expect(second?.code == .blocked)
            #expect(second?.delivery == .notSent)
            _ = try? await first
            async let waiting: Void = channel.publish(publication, deadline: .soon)
            try await broker.control("set_vm_memory_high_watermark", "0.6")
            #expect(await events.next() == .unblocked)
            try await waiting
        }
        await broker.giveBack()
    }

    @Test("a frozen broker: each deadline holds, then the heartbeat ends the connection and everyone who waits")
    func frozen() async throws {
        let broker = try await PrivateBroker.borrow()
        let configure: (inout ConnectionConfiguration) -> Void = { $0.heartbeat = .seconds(2) }
        try await BrokerFixture.withConnection(to: broker.amqpURL, configure: configure) { connection in
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            let queue = BrokerFixture.name("frozen")
            try await channel.declareQueue(QueueDeclaration(name: queue), deadline: .soon)
            let consumer = try await channel.consume(ConsumerDeclaration(queue: queue), deadline: .soon)
            try await freeze(broker)
            let small = Publication(exchange: "", routingKey: queue, body: Data("x".utf8))
            let written = await failure { () throws(AMQPError) in
                try await channel.publish(small, deadline: .after(.milliseconds(300)))
            }
            #expect(written?.code == .timedOut)
            #expect(written?.delivery == .unknown)
            let request = await failure { () throws(AMQPError) in
                _ = try await channel.declareQueue(QueueDeclaration(name: "x"), deadline: .after(.milliseconds(300)))
            }
            #expect(request?.code == .timedOut)
            var iterator = consumer.makeAsyncIterator()
            do throws(AMQPError) {
                _ = try await iterator.next()
                Issue.record("the consumer must fail")
            } catch { #expect(error.code == .heartbeatMissed) }
            #expect(await connection.waitUntilClosed()?.code == .heartbeatMissed)
        }
        try await broker.resume()
        await broker.giveBack()
    }

    @Test("when the socket is full, publications that never left say so at their deadline")
    func fullSocket() async throws {
        let broker = try await PrivateBroker.shared()
        let proxy = try FaultProxy(targetPort: broker.port)
        let url = "amqp://guest:guest@127.0.0.1:\(proxy.listenPort)?heartbeat=0"
        try await BrokerFixture.withConnection(to: url) { connection in
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            try await proxy.set(.stall)
            let large = Publication(exchange: "", routingKey: "x", body: Data(count: 1 << 20))
            let errors = await withTaskGroup(of: AMQPError?.self) { group in
                for _ in 0..<30 {
                    group.addTask {
                        await failure { () throws(AMQPError) in
                            try await channel.publish(large, deadline: .after(.seconds(1)))
                        }
                    }
                }
                return await group.reduce(into: [AMQPError?]()) { $0.append($1) }
            }
            // Without heartbeats only the deadline ends a call.
            #expect(errors.allSatisfy { $0?.code == .timedOut }, "\(errors)")
            #expect(errors.contains { $0?.delivery == .notSent })
            #expect(errors.contains { $0?.delivery == .unknown })
        }
        await proxy.stop()
    }

    @Test(
        "a publication that was never confirmed makes room in the window at its deadline, and the next one is written"
    )
    func roomAtTheDeadline() async throws {
        let broker = try await PrivateBroker.shared()
        let proxy = try FaultProxy(targetPort: broker.port)
        let url = "amqp://guest:guest@127.0.0.1:\(proxy.listenPort)?heartbeat=0"
        let configure: (inout ConnectionConfiguration) -> Void = { $0.publishWindow = PublishWindow(messages: 1) }
        try await BrokerFixture.withConnection(to: url, configure: configure) { connection in
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            let queue = BrokerFixture.name("room")
            try await BrokerFixture.withConnection { observer in
                let other = try await observer.openChannel(confirms: false, deadline: .soon)
                try await other.declareQueue(QueueDeclaration(name: queue), deadline: .soon)
                try await proxy.set(.drop(.toClient))
                let publication = Publication(exchange: "", routingKey: queue, body: Data("x".utf8))
                async let first = failure { () throws(AMQPError) in
                    try await channel.publish(publication, deadline: .after(.milliseconds(500)))
                }
                func isInTheQueue(_ count: Int) async throws -> Bool {
                    let declaration = QueueDeclaration(name: queue, passive: true)
                    return try await other.declareQueue(declaration, deadline: .soon).messageCount == count
                }
                try await eventually("the first is in the queue") { try await isInTheQueue(1) }
                async let second = failure { () throws(AMQPError) in
                    try await channel.publish(publication, deadline: .soon)
                }
                // Only the deadline of the first makes room.
                try await eventually("the second is in the queue") { try await isInTheQueue(2) }
                try await proxy.resetConnections()
                #expect(await first?.code == .timedOut)
                #expect(await second?.code == .connectionLost)
                try await other.deleteQueue(queue, deadline: .soon)
            }
        }
        await proxy.stop()
    }

    @Test("a half-open connection is noticed by its silence while publications go on")
    func halfOpen() async throws {
        let broker = try await PrivateBroker.shared()
        let proxy = try FaultProxy(targetPort: broker.port)
        let url = "amqp://guest:guest@127.0.0.1:\(proxy.listenPort)?heartbeat=2"
        try await BrokerFixture.withConnection(to: url) { connection in
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            try await proxy.set(.drop(.both))
            var last: AMQPError?
            while connection.isOpen {
                last = await failure { () throws(AMQPError) in
                    try await channel.publish(
                        Publication(exchange: "", routingKey: "x", body: Data("x".utf8)),
                        deadline: .after(.milliseconds(200))
                    )
                }
            }
            #expect(last != nil)
            #expect(await connection.waitUntilClosed()?.code == .heartbeatMissed)
        }
        await proxy.stop()
    }

    @Test("an idle connection survives many heartbeat intervals")
    func idle() async throws {
        let broker = try await PrivateBroker.shared()
        try await BrokerFixture.withConnection(to: broker.amqpURL, configure: { $0.heartbeat = .seconds(1) }) {
            let connection = $0
            let ended = await withTaskGroup(of: Bool.self) { group in
                group.addTask {
                    _ = await connection.waitUntilClosed()
                    return !Task.isCancelled
                }
                group.addTask {
                    try? await Task.sleep(for: .seconds(5))
                    return false
                }
                defer { group.cancelAll() }
                return await group.next() ?? true
            }
            #expect(!ended)
            #expect(connection.isOpen)
            _ = try await connection.openChannel(confirms: true, deadline: .soon)
        }
    }

    @Test("a reset connection fails everything that waits with connectionLost")
    func reset() async throws {
        let broker = try await PrivateBroker.shared()
        let proxy = try FaultProxy(targetPort: broker.port)
        try await BrokerFixture.withConnection(to: "amqp://guest:guest@127.0.0.1:\(proxy.listenPort)") { connection in
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            try await proxy.set(.drop(.toClient))
            async let waiting = failure { () throws(AMQPError) in
                try await channel.publish(Publication(exchange: "", routingKey: "x", body: Data()), deadline: .soon)
            }
            _ = try await proxy.statistics { $0.bytesDropped > 0 }
            try await proxy.resetConnections()
            let error = await waiting
            #expect(error?.code == .connectionLost)
            #expect(error?.delivery == .unknown)
            #expect(await connection.waitUntilClosed()?.code == .connectionLost)
        }
        await proxy.stop()
    }

    @Test("a broker that shuts down says so")
    func shutdown() async throws {
        let broker = try await PrivateBroker.borrow()
        try await BrokerFixture.withConnection(to: broker.amqpURL) { connection in
            try await broker.halt()
            let error = await connection.waitUntilClosed()
            #expect(error?.code == .connectionClosed)
            #expect(error?.replyCode == 320)
        }
        await broker.giveBack()
    }

    private struct Unexpected: Error {}

    /// Pauses the broker and waits until every thread of it has stopped; the signal alone takes a while.
    private func freeze(_ broker: PrivateBroker) async throws {
        let process = try #require(await broker.vmProcessID)
        try await broker.pause()
        try await eventually("every thread of the broker has stopped") {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task").allSatisfy {
                let status = try String(contentsOfFile: "/proc/\(process)/task/\($0)/stat", encoding: .utf8)
                return status.contains(") T ")
            }
        }
    }
}

/// The error of a call, or `nil` when it works.
private func failure(_ call: () async throws(AMQPError) -> Void) async -> AMQPError? {
    do throws(AMQPError) {
        try await call()
        return nil
    } catch { return error }
}
