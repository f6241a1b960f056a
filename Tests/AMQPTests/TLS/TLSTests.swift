import AMQP
import ExchangeTestKit
import Foundation
import Testing

@Suite("A connection with TLS", BrokerFixture.needsBroker, Certificates.needsOpenSSL)
struct TLSTests {
    @Test("works with everything a plain one does, and refuses a broker it cannot trust")
    func works() async throws {
        let tls = try await TLSListener.borrow()
        let url = "amqps://guest:guest@localhost:\(tls.port)?heartbeat=1"
        try await BrokerFixture.withConnection(to: url + "&cacertfile=\(tls.files.authority)") { connection in
            try await exchangeMessages(connection)
        }
        let untrusted = Connection(configuration: try ConnectionConfiguration(url: url), logger: BrokerFixture.quiet)
        let error = await #expect(throws: AMQPError.self) { try await untrusted.open() }
        #expect(error?.code == .tlsFailed)
        await untrusted.close(timeout: .seconds(1))
        await tls.broker.giveBack()
    }

    @Test("a broker that stops reading holds no call beyond its deadline, and the connection ends")
    func stalled() async throws {
        let tls = try await TLSListener.borrow()
        let proxy = try FaultProxy(targetPort: tls.port)
        let url = "amqps://guest:guest@localhost:\(proxy.listenPort)?heartbeat=2&cacertfile=\(tls.files.authority)"
        try await BrokerFixture.withConnection(to: url) { connection in
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            try await proxy.set(.stall)
            let errors = await withTaskGroup(of: AMQPError?.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        do throws(AMQPError) {
                            try await channel.publish(
                                Publication(exchange: "", routingKey: "x", body: Data(count: 1 << 20)),
                                deadline: .after(.seconds(1))
                            )
                            return nil
                        } catch { return error }
                    }
                }
                return await group.reduce(into: [AMQPError?]()) { $0.append($1) }
            }
            // The deadline ends each call, before the heartbeat ends the connection.
            #expect(errors.allSatisfy { $0?.code == .timedOut }, "\(errors)")
            #expect(errors.contains { $0?.delivery == .notSent })
            #expect(await connection.waitUntilClosed()?.code == .heartbeatMissed)
        }
        await proxy.stop()
        await tls.broker.giveBack()
    }

    @Test("a broker that is frozen holds no call beyond its deadline, nor the close")
    func frozen() async throws {
        let tls = try await TLSListener.borrow()
        let url = "amqps://guest:guest@localhost:\(tls.port)?heartbeat=60&cacertfile=\(tls.files.authority)"
        let connection = Connection(configuration: try ConnectionConfiguration(url: url), logger: BrokerFixture.quiet)
        try await connection.open()
        let channel = try await connection.openChannel(confirms: true, deadline: .soon)
        try await tls.broker.pause()
        let codes = await withTaskGroup(of: AMQPError.Code?.self) { group in
            for _ in 0..<30 {
                group.addTask {
                    let message = Publication(exchange: "", routingKey: "x", body: Data(count: 1 << 20))
                    do throws(AMQPError) {
                        try await channel.publish(message, deadline: .after(.seconds(1)))
                        return nil
                    } catch { return error.code }
                }
            }
            return await group.reduce(into: [AMQPError.Code?]()) { $0.append($1) }
        }
        #expect(codes == Array(repeating: .timedOut, count: 30))
        // It returns while the broker is frozen, and the connection would be given up after two minutes.
        await connection.close(timeout: .seconds(1))
        try await tls.broker.resume()
        await tls.broker.giveBack()
    }

    private func exchangeMessages(_ connection: Connection) async throws {
        let channel = try await connection.openChannel(confirms: true, deadline: .soon)
        let queue = BrokerFixture.name("tls")
        try await channel.declareQueue(QueueDeclaration(name: queue, durable: false), deadline: .soon)
        let consumer = try await channel.consume(ConsumerDeclaration(queue: queue, prefetch: 500), deadline: .soon)
        async let received = receive(1000, consumer)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<1000 {
                group.addTask {
                    try await channel.publish(
                        Publication(
                            exchange: "",
                            routingKey: queue,
                            properties: MessageProperties(headers: ["n": .int64(Int64(number))]),
                            body: Data(count: number % 100 == 0 ? 300_000 : number),
                            mandatory: true
                        ),
                        deadline: .soon
                    )
                }
            }
            try await group.waitForAll()
        }
        #expect(try await received == Set((0..<1000).map { Int64($0) }))
        let lost = Publication(exchange: "", routingKey: "missing", body: Data(), mandatory: true)
        let error = await #expect(throws: AMQPError.self) { try await channel.publish(lost, deadline: .soon) }
        #expect(error?.code == .unroutable)
        // Longer than two heartbeat intervals without a word of ours.
        try await Task.sleep(for: .seconds(3))
        #expect(try await channel.deleteQueue(queue, deadline: .soon) == 0)
    }

    private func receive(_ count: Int, _ consumer: Consumer) async throws -> Set<Int64> {
        var numbers: Set<Int64> = []
        for try await delivery in consumer {
            if let number = delivery.properties.headers["n"]?.integerValue { numbers.insert(number) }
            delivery.acknowledge()
            if numbers.count == count { break }
        }
        return numbers
    }
}
