import AMQP
import ExchangeTestKit
import Foundation
import Testing

@Suite("A channel", BrokerFixture.needsBroker)
struct ChannelTests {
    @Test("a refused request closes its channel and leaves the others alone")
    func isolation() async throws {
        try await BrokerFixture.withConnection { connection in
            let good = try await connection.openChannel(confirms: true, deadline: .soon)
            let error = await #expect(throws: AMQPError.self) {
                try await connection.withChannel(deadline: .soon) { (channel) throws(AMQPError) in
                    _ = try await channel.declareQueue(
                        QueueDeclaration(name: "no-such-queue", passive: true),
                        deadline: .soon
                    )
                }
            }
            #expect(error?.code == .notFound)
            #expect(error?.replyCode == 404)
            #expect(error?.delivery == .refused)
            try await good.publish(Publication(exchange: "", routingKey: "x", body: Data()), deadline: .soon)
            #expect(good.isOpen)
        }
    }

    @Test("other arguments for an existing queue give preconditionFailed, an exclusive one resourceLocked")
    func refusals() async throws {
        try await BrokerFixture.withConnection { connection in
            let channel = try await connection.openChannel(confirms: false, deadline: .soon)
            let queue = BrokerFixture.name("refusals")
            try await channel.declareQueue(
                QueueDeclaration(name: queue, durable: false, exclusive: true),
                deadline: .soon
            )
            let mismatch = await #expect(throws: AMQPError.self) {
                try await connection.withChannel(deadline: .soon) { (other) throws(AMQPError) in
                    _ = try await other.declareQueue(
                        QueueDeclaration(
                            name: queue,
                            durable: false,
                            exclusive: true,
                            arguments: ["x-max-length": 1]
                        ),
                        deadline: .soon
                    )
                }
            }
            #expect(mismatch?.code == .preconditionFailed)
            try await BrokerFixture.withConnection { stranger in
                let locked = await #expect(throws: AMQPError.self) {
                    try await stranger.withChannel(deadline: .soon) { (other) throws(AMQPError) in
                        _ = try await other.declareQueue(QueueDeclaration(name: queue, passive: true), deadline: .soon)
                    }
                }
                #expect(locked?.code == .resourceLocked)
            }
        }
    }

    @Test("exchanges, bindings and queues can be made, used and removed")
    func topology() async throws {
        try await BrokerFixture.withConnection { connection in
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            let exchange = BrokerFixture.name("exchange")
            let queue = BrokerFixture.name("queue")
            try await channel.declareExchange(
                ExchangeDeclaration(name: exchange, kind: .topic, durable: false),
                deadline: .soon
            )
            let status = try await channel.declareQueue(
                QueueDeclaration(name: queue, durable: false),
                deadline: .soon
            )
            #expect(status == QueueStatus(name: queue, messageCount: 0, consumerCount: 0))
            try await channel.bind(.queue(queue), to: exchange, routingKey: "a.#", deadline: .soon)
            let publication = Publication(exchange: exchange, routingKey: "a.b", body: Data(), mandatory: true)
            try await channel.publish(publication, deadline: .soon)
            #expect(try await channel.purgeQueue(queue, deadline: .soon) == 1)
            try await channel.unbind(.queue(queue), from: exchange, routingKey: "a.#", deadline: .soon)
            let error = await #expect(throws: AMQPError.self) {
                try await channel.publish(publication, deadline: .soon)
            }
            #expect(error?.code == .unroutable)
            #expect(try await channel.deleteQueue(queue, deadline: .soon) == 0)
            try await channel.deleteExchange(exchange, deadline: .soon)
            try await channel.deleteExchange(exchange, deadline: .soon)
        }
    }

    @Test("concurrent requests on one channel are each answered with their own reply")
    func pipelined() async throws {
        try await BrokerFixture.withConnection { connection in
            let channel = try await connection.openChannel(confirms: false, deadline: .soon)
            let prefix = BrokerFixture.name("pipelined")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        let name = "\(prefix).\(number)"
                        let status = try await channel.declareQueue(
                            QueueDeclaration(name: name, durable: false, exclusive: true),
                            deadline: .soon
                        )
                        #expect(status.name == name)
                        #expect(try await channel.get(name, deadline: .soon) == nil)
                        try await channel.deleteQueue(name, deadline: .soon)
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("many tasks that open, break and close channels never disturb each other")
    func churn() async throws {
        try await BrokerFixture.withConnection { connection in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<20 {
                    group.addTask {
                        for round in 0..<20 {
                            let channel = try await connection.openChannel(
                                confirms: round.isMultiple(of: 2),
                                deadline: .soon
                            )
                            if (worker + round).isMultiple(of: 3) {
                                let error = await #expect(throws: AMQPError.self) {
                                    _ = try await channel.declareQueue(
                                        QueueDeclaration(name: "missing", passive: true),
                                        deadline: .soon
                                    )
                                }
                                #expect(error?.code == .notFound)
                            } else {
                                try await channel.publish(
                                    Publication(exchange: "", routingKey: "x", body: Data()),
                                    deadline: .soon
                                )
                                try await channel.close(deadline: .soon)
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(connection.isOpen)
        }
    }
}
