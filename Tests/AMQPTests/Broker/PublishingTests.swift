import AMQP
import ExchangeTestKit
import Foundation
import Testing

@Suite("Publishing to a broker", BrokerFixture.needsBroker)
struct PublishingTests {
    @Test("a published message is confirmed and can be fetched with all its properties")
    func roundTrip() async throws {
        try await BrokerFixture.withConnection { connection in
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            let queue = BrokerFixture.name("round-trip")
            try await channel.declareQueue(QueueDeclaration(name: queue, durable: false), deadline: .soon)
            let properties = MessageProperties(
                contentType: "application/json",
                contentEncoding: "identity",
                headers: ["text": "grüße", "number": 4711, "flag": true, "list": .array(["a", 1, .null])],
                deliveryMode: .persistent,
                priority: 3,
                correlationID: "correlation",
                replyTo: "reply",
                expiration: "60000",
                messageID: "message",
                timestamp: 1_700_000_000,
                type: "kind",
                userID: "guest",
                appID: "app"
            )
            let body = Data("hello".utf8)
            try await channel.publish(
                Publication(exchange: "", routingKey: queue, properties: properties, body: body, mandatory: true),
                deadline: .soon
            )
            let delivery = try #require(try await channel.get(queue, deadline: .soon))
            #expect(delivery.properties == properties)
            #expect(delivery.body == body)
            #expect(delivery.remaining == 0)
            #expect(!delivery.redelivered)
            delivery.acknowledge()
            #expect(try await channel.get(queue, deadline: .soon) == nil)
            try await channel.deleteQueue(queue, deadline: .soon)
        }
    }

    @Test("a mandatory message that no queue takes fails as unroutable and refused; the next one is fine")
    func unroutable() async throws {
        try await BrokerFixture.withConnection { connection in
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            let lost = Publication(exchange: "", routingKey: "no-such-queue", body: Data("x".utf8), mandatory: true)
            let error = await #expect(throws: AMQPError.self) { try await channel.publish(lost, deadline: .soon) }
            #expect(error?.code == .unroutable)
            #expect(error?.delivery == .refused)
            #expect(error?.replyCode == 312)
            var quiet = lost
            quiet.mandatory = false
            try await channel.publish(quiet, deadline: .soon)
        }
    }

    @Test("concurrent mandatory messages with the same message id are told apart when only some are returned")
    func mixedReturns() async throws {
        try await BrokerFixture.withConnection { connection in
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            let queue = BrokerFixture.name("mixed")
            try await channel.declareQueue(QueueDeclaration(name: queue, durable: false), deadline: .soon)
            let failed = await withTaskGroup(of: Bool?.self) { group in
                for number in 0..<400 {
                    group.addTask {
                        let isLost = number % 3 == 0
                        let publication = Publication(
                            exchange: "",
                            routingKey: isLost ? "no-such-queue" : queue,
                            properties: MessageProperties(messageID: "same-\(number % 7)"),
                            body: Data("x".utf8),
                            mandatory: true
                        )
                        do throws(AMQPError) {
                            try await channel.publish(publication, deadline: .soon)
                            return isLost ? nil : false
                        } catch {
                            return isLost && error.code == .unroutable ? true : nil
                        }
                    }
                }
                return await group.reduce(into: [Bool?]()) { $0.append($1) }
            }
            #expect(failed.filter { $0 == nil }.isEmpty, "each must end as its own routing says")
            #expect(failed.filter { $0 == true }.count == 134)
            #expect(try await channel.deleteQueue(queue, deadline: .soon) == 266)
        }
    }

    @Test("a full queue refuses with nacked", arguments: ["classic", "quorum"])
    func nacked(kind: String) async throws {
        try await BrokerFixture.withConnection { connection in
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            let queue = BrokerFixture.name("full")
            try await channel.declareQueue(
                QueueDeclaration(
                    name: queue,
                    arguments: ["x-queue-type": .string(kind), "x-max-length": 5, "x-overflow": "reject-publish"]
                ),
                deadline: .soon
            )
            var codes: [AMQPError.Code?] = []
            for _ in 0..<50 where codes.last != .nacked {
                do throws(AMQPError) {
                    try await channel.publish(
                        Publication(exchange: "", routingKey: queue, body: Data("x".utf8)),
                        deadline: .soon
                    )
                    codes.append(nil)
                } catch {
                    codes.append(error.code)
                    #expect(error.delivery == .refused)
                }
            }
            #expect(codes.last == .nacked)
            #expect(codes.dropLast().allSatisfy { $0 == nil })
            try await channel.deleteQueue(queue, deadline: .soon)
        }
    }

    @Test("bodies from nothing to 10 MiB arrive unchanged", arguments: [0, 1, 131_064, 131_065, 1 << 20, 10 << 20])
    func bodies(size: Int) async throws {
        try await BrokerFixture.withConnection { connection in
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            let queue = BrokerFixture.name("bodies")
            try await channel.declareQueue(QueueDeclaration(name: queue, durable: false), deadline: .soon)
            var generator = SeededGenerator()
            var body = Data(count: size)
            for index in stride(from: 0, to: size, by: 997) {
                body[index] = UInt8.random(in: 0...255, using: &generator)
            }
            try await channel.publish(Publication(exchange: "", routingKey: queue, body: body), deadline: .soon)
            let delivery = try #require(try await channel.get(queue, deadline: .soon))
            #expect(delivery.body == body)
            try await channel.deleteQueue(queue, deadline: .soon)
        }
    }

    @Test("20,000 concurrent publications are all confirmed, and all are in the queue")
    func many() async throws {
        try await BrokerFixture.withConnection { connection in
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            let queue = BrokerFixture.name("many")
            try await channel.declareQueue(QueueDeclaration(name: queue, durable: false), deadline: .soon)
            let body = Data(repeating: 7, count: 300)
            let start = ContinuousClock.now
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<200 {
                    group.addTask {
                        for number in 0..<100 {
                            try await channel.publish(
                                Publication(
                                    exchange: "",
                                    routingKey: queue,
                                    properties: MessageProperties(messageID: "\(worker)-\(number)"),
                                    body: body,
                                    mandatory: true
                                ),
                                deadline: .after(.seconds(60))
                            )
                        }
                    }
                }
                try await group.waitForAll()
            }
            let seconds = start.duration(to: .now) / .seconds(1)
            print("20,000 confirmed publications, 200 at a time: \(Int(20_000 / seconds)) per second")
            #expect(try await channel.deleteQueue(queue, deadline: .soon) == 20_000)
        }
    }

    @Test("headers that do not fit a frame are refused before anything is sent, and the channel stays usable")
    func tooLarge() async throws {
        try await BrokerFixture.withConnection { connection in
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            var publication = Publication(exchange: "", routingKey: "nowhere", body: Data())
            publication.properties.headers["big"] = .string(String(repeating: "x", count: 131_072))
            var error = await #expect(throws: AMQPError.self) {
                try await channel.publish(publication, deadline: .soon)
            }
            #expect(error?.code == .frameTooLarge)
            #expect(error?.delivery == .notSent)
            publication.properties.headers["big"] = .string(String(repeating: "x", count: 130_000))
            try await channel.publish(publication, deadline: .soon)
            publication.routingKey = String(repeating: "k", count: 256)
            error = await #expect(throws: AMQPError.self) { try await channel.publish(publication, deadline: .soon) }
            #expect(error?.code == .nameTooLong)
            #expect(channel.isOpen)
        }
    }

    @Test("publishing to a missing exchange closes the channel, and its message counts as unknown")
    func missingExchange() async throws {
        try await BrokerFixture.withConnection { connection in
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            let error = await #expect(throws: AMQPError.self) {
                try await channel.publish(
                    Publication(exchange: "no-such-exchange", routingKey: "x", body: Data()),
                    deadline: .soon
                )
            }
            #expect(error?.code == .notFound)
            #expect(error?.delivery == .unknown)
            #expect(await channel.waitUntilClosed()?.replyCode == 404)
            #expect(connection.isOpen)
        }
    }

    @Test("every publication on a channel that has ended fails at once, and on a connection that has ended")
    func afterTheEnd() async throws {
        let publication = Publication(exchange: "", routingKey: "nowhere", body: Data())
        let channel = try await BrokerFixture.withConnection { connection in
            let first = try await connection.openChannel(confirms: true, deadline: .soon)
            try await first.publish(publication, deadline: .soon)
            try await first.close(deadline: .soon)
            for _ in 1...3 {
                let error = await #expect(throws: AMQPError.self) {
                    try await first.publish(publication, deadline: .soon)
                }
                #expect(error?.code == .closed && error?.delivery == .notSent)
            }
            let second = try await connection.openChannel(confirms: true, deadline: .soon)
            try await second.publish(publication, deadline: .soon)
            return second
        }
        for _ in 1...3 {
            let error = await #expect(throws: AMQPError.self) {
                try await channel.publish(publication, deadline: .soon)
            }
            #expect(error?.code == .closed && error?.delivery == .notSent)
        }
    }

    @Test("a cancelled publication ends at once and the next ones are confirmed")
    func cancelled() async throws {
        try await BrokerFixture.withConnection { connection in
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            let publication = Publication(exchange: "", routingKey: "nowhere", body: Data("x".utf8))
            for _ in 0..<50 {
                let task = Task { () async -> AMQPError? in
                    do throws(AMQPError) {
                        try await channel.publish(publication, deadline: .soon)
                        return nil
                    } catch { return error }
                }
                task.cancel()
                let error = await task.value
                #expect(error == nil || error?.code == .cancelled)
            }
            try await channel.publish(publication, deadline: .soon)
        }
    }

    @Test("without confirms a publication returns when it is on its way")
    func withoutConfirms() async throws {
        try await BrokerFixture.withConnection { connection in
            let channel = try await connection.openChannel(confirms: false, deadline: .soon)
            let queue = BrokerFixture.name("unconfirmed")
            try await channel.declareQueue(QueueDeclaration(name: queue, durable: false), deadline: .soon)
            for _ in 0..<100 {
                try await channel.publish(Publication(exchange: "", routingKey: queue, body: Data()), deadline: .soon)
            }
            // The broker handles one channel in order, so by now all of them are in the queue.
            #expect(try await channel.deleteQueue(queue, deadline: .soon) == 100)
        }
    }
}
