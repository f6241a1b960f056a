import AMQP
import ExchangeTestKit
import Foundation
import Testing

@Suite("Consuming from a broker", BrokerFixture.needsBroker)
struct ConsumingTests {
    @Test("deliveries come in order, acknowledged ones are gone, rejected ones come back")
    func acknowledge() async throws {
        try await BrokerFixture.withConnection { connection in
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            let queue = try await filledQueue(channel, count: 200)
            let consumer = try await channel.consume(ConsumerDeclaration(queue: queue, prefetch: 50), deadline: .soon)
            var expected = 0
            var iterator = consumer.makeAsyncIterator()
            while expected < 200 {
                let delivery = try #require(try await iterator.next())
                #expect(delivery.body == Data("\(expected)".utf8))
                #expect(delivery.consumerTag == consumer.tag)
                delivery.acknowledge()
                expected += 1
            }
            #expect(try await consumer.cancel(deadline: .soon).isEmpty)
            #expect(try await iterator.next() == nil)
            #expect(try await channel.deleteQueue(queue, deadline: .soon) == 0)
        }
    }

    @Test("a rejected message is redelivered when requeued and gone when not")
    func reject() async throws {
        try await BrokerFixture.withConnection { connection in
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            let queue = try await filledQueue(channel, count: 1)
            let consumer = try await channel.consume(ConsumerDeclaration(queue: queue, prefetch: 1), deadline: .soon)
            var iterator = consumer.makeAsyncIterator()
            let first = try #require(try await iterator.next())
            #expect(!first.redelivered)
            first.reject(requeue: true)
            let second = try #require(try await iterator.next())
            #expect(second.redelivered)
            second.reject(requeue: false)
            try await consumer.cancel(deadline: .soon)
            #expect(try await channel.get(queue, deadline: .soon) == nil)
            try await channel.deleteQueue(queue, deadline: .soon)
        }
    }

    @Test("no more than the prefetch is delivered, and what was not pulled comes back from cancel")
    func prefetch() async throws {
        try await BrokerFixture.withConnection { connection in
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            let queue = try await filledQueue(channel, count: 30)
            let consumer = try await channel.consume(ConsumerDeclaration(queue: queue, prefetch: 10), deadline: .soon)
            var iterator = consumer.makeAsyncIterator()
            _ = try #require(try await iterator.next())
            try await eventually("20 ready messages are left") {
                try await connection.withChannel(deadline: .soon) { (other) throws(AMQPError) in
                    try await other.declareQueue(QueueDeclaration(name: queue, passive: true), deadline: .soon)
                        .messageCount
                } == 20
            }
            let left = try await consumer.cancel(deadline: .soon)
            #expect(left.map(\.body) == (1..<10).map { Data("\($0)".utf8) })
            channel.reject(left.last?.deliveryTag ?? 0, requeue: true, multiple: true)
            // The broker may handle the deletion before it has requeued.
            try await eventually("all are ready again") {
                try await channel.declareQueue(QueueDeclaration(name: queue, passive: true), deadline: .soon)
                    .messageCount == 30
            }
            try await channel.deleteQueue(queue, deadline: .soon)
        }
    }

    @Test("deleting the queue ends its consumer with an error, after what was buffered")
    func queueDeleted() async throws {
        try await BrokerFixture.withConnection { connection in
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            let queue = try await filledQueue(channel, count: 3)
            let consumer = try await channel.consume(ConsumerDeclaration(queue: queue, prefetch: 10), deadline: .soon)
            var iterator = consumer.makeAsyncIterator()
            _ = try #require(try await iterator.next())
            try await channel.deleteQueue(queue, deadline: .soon)
            _ = try #require(try await iterator.next())
            _ = try #require(try await iterator.next())
            do throws(AMQPError) {
                _ = try await iterator.next()
                Issue.record("the consumer must fail")
            } catch {
                #expect(error.code == .consumerCancelled)
            }
            #expect(channel.isOpen)
        }
    }

    @Test("an exclusive consumer keeps others out with 403, which costs only their channel")
    func exclusive() async throws {
        try await BrokerFixture.withConnection { connection in
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            let queue = try await filledQueue(channel, count: 0)
            let declaration = ConsumerDeclaration(queue: queue, exclusive: true)
            let first = try await channel.consume(declaration, deadline: .soon)
            let other = try await connection.openChannel(confirms: false, deadline: .soon)
            let error = await #expect(throws: AMQPError.self) {
                _ = try await other.consume(declaration, deadline: .soon)
            }
            #expect(error?.code == .accessRefused)
            #expect(error?.delivery == .refused)
            #expect(!other.isOpen)
            #expect(channel.isOpen)
            try await first.cancel(deadline: .soon)
            try await channel.deleteQueue(queue, deadline: .soon)
        }
    }

    @Test("a task that waits for a delivery ends when it is cancelled, and the consumer goes on")
    func cancelledTask() async throws {
        try await BrokerFixture.withConnection { connection in
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            let queue = try await filledQueue(channel, count: 0)
            let consumer = try await channel.consume(ConsumerDeclaration(queue: queue), deadline: .soon)
            let task = Task { () async -> AMQPError? in
                do throws(AMQPError) {
                    for try await _ in consumer {}
                    return nil
                } catch { return error }
            }
            task.cancel()
            #expect(await task.value?.code == .cancelled)
            try await channel.publish(
                Publication(exchange: "", routingKey: queue, body: Data("x".utf8)),
                deadline: .soon
            )
            var iterator = consumer.makeAsyncIterator()
            #expect(try await iterator.next()?.body == Data("x".utf8))
            try await channel.deleteQueue(queue, deadline: .soon)
        }
    }

    @Test("closing a channel ends its consumers and gives their deliveries back")
    func closeChannel() async throws {
        try await BrokerFixture.withConnection { connection in
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            let queue = try await filledQueue(channel, count: 2)
            let other = try await connection.openChannel(confirms: false, deadline: .soon)
            let consumer = try await other.consume(ConsumerDeclaration(queue: queue), deadline: .soon)
            var iterator = consumer.makeAsyncIterator()
            let delivery = try #require(try await iterator.next())
            try await other.close(deadline: .soon)
            _ = try await iterator.next()
            await #expect(throws: AMQPError.self) { _ = try await iterator.next() }
            // A new channel may get the old number; an acknowledgement of the old one must not reach it.
            let third = try await connection.openChannel(confirms: false, deadline: .soon)
            delivery.acknowledge()
            let again = try #require(try await third.get(queue, deadline: .soon))
            #expect(again.redelivered)
            #expect(third.isOpen)
            try await channel.deleteQueue(queue, deadline: .soon)
        }
    }

    @Test("what was acknowledged before the channel or connection is closed stays acknowledged")
    func acknowledgeThenClose() async throws {
        try await BrokerFixture.withConnection { connection in
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            let queue = try await filledQueue(channel, count: 40)
            for _ in 0..<20 {
                try await connection.withChannel(deadline: .soon) { (other) throws(AMQPError) in
                    try await other.get(queue, deadline: .soon)?.acknowledge()
                }
            }
            for _ in 0..<20 {
                try await BrokerFixture.withConnection { stranger in
                    let other = try await stranger.openChannel(confirms: false, deadline: .soon)
                    try await other.get(queue, deadline: .soon)?.acknowledge()
                }
            }
            try await eventually("the closed channels gave nothing back") {
                try await channel.declareQueue(QueueDeclaration(name: queue, passive: true), deadline: .soon)
                    .messageCount == 0
            }
            #expect(try await channel.get(queue, deadline: .soon) == nil)
            try await channel.deleteQueue(queue, deadline: .soon)
        }
    }

    @Test("acknowledgements out of order, twice and of unknown tags do no harm")
    func strangeAcknowledgements() async throws {
        try await BrokerFixture.withConnection { connection in
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            let queue = try await filledQueue(channel, count: 100)
            let consumer = try await channel.consume(ConsumerDeclaration(queue: queue, prefetch: 100), deadline: .soon)
            var deliveries: [Delivery] = []
            for try await delivery in consumer {
                deliveries.append(delivery)
                if deliveries.count == 100 { break }
            }
            channel.acknowledge(4711)
            for delivery in deliveries.shuffled() {
                delivery.acknowledge()
                delivery.acknowledge()
                delivery.reject(requeue: true)
            }
            channel.acknowledge(100, multiple: true)
            try await consumer.cancel(deadline: .soon)
            #expect(try await channel.get(queue, deadline: .soon) == nil)
            try await channel.deleteQueue(queue, deadline: .soon)
        }
    }

    private func filledQueue(_ channel: Channel, count: Int) async throws -> String {
        let queue = BrokerFixture.name("consuming")
        try await channel.declareQueue(QueueDeclaration(name: queue, durable: false), deadline: .soon)
        for number in 0..<count {
            try await channel.publish(
                Publication(exchange: "", routingKey: queue, body: Data("\(number)".utf8)),
                deadline: .soon
            )
        }
        return queue
    }
}
