import AMQP
import ExchangeTestKit
import Foundation
import Testing

@Suite(
    "A connection with TLS",
    BrokerFixture.needsBroker,
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl"), "needs openssl")
)
struct TLSTests {
    @Test("works with everything a plain one does, and refuses a broker it cannot trust")
    func works() async throws {
        let files = try await Certificates()
        // A port that was free a moment ago; the kit gives none for TLS.
        let finder = try FaultProxy(targetPort: 1)
        let port = finder.listenPort
        await finder.stop()
        let broker = try await PrivateBroker.start(
            .init(
                plugins: [],
                settings: [
                    "listeners.ssl.1 = 127.0.0.1:\(port)", "ssl_options.cacertfile = \(files.authority)",
                    "ssl_options.certfile = \(files.certificate)", "ssl_options.keyfile = \(files.key)",
                    "ssl_options.verify = verify_none",
                ]
            )
        )
        let url = "amqps://guest:guest@localhost:\(port)?heartbeat=1"
        try await BrokerFixture.withConnection(to: url + "&cacertfile=\(files.authority)") { connection in
            try await exchangeMessages(connection)
        }
        let untrusted = Connection(configuration: try ConnectionConfiguration(url: url), logger: BrokerFixture.quiet)
        let error = await #expect(throws: AMQPError.self) { try await untrusted.open() }
        #expect(error?.code == .tlsFailed)
        await untrusted.close(timeout: .seconds(1))
        await broker.stop()
    }

    @Test("a broker that stops reading holds no call beyond its deadline, and the connection ends")
    func stalled() async throws {
        let files = try await Certificates()
        let finder = try FaultProxy(targetPort: 1)
        let port = finder.listenPort
        await finder.stop()
        let broker = try await PrivateBroker.start(
            .init(
                plugins: [],
                settings: [
                    "listeners.ssl.1 = 127.0.0.1:\(port)", "ssl_options.cacertfile = \(files.authority)",
                    "ssl_options.certfile = \(files.certificate)", "ssl_options.keyfile = \(files.key)",
                    "ssl_options.verify = verify_none",
                ]
            )
        )
        let proxy = try FaultProxy(targetPort: port)
        let url = "amqps://guest:guest@localhost:\(proxy.listenPort)?heartbeat=2&cacertfile=\(files.authority)"
        try await BrokerFixture.withConnection(to: url) { connection in
            let channel = try await connection.openChannel(confirms: true, deadline: .soon)
            try await proxy.set(.stall)
            let start = ContinuousClock.now
            let outcomes = await withTaskGroup(of: DeliveryOutcome?.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        do throws(AMQPError) {
                            try await channel.publish(
                                Publication(exchange: "", routingKey: "x", body: Data(count: 1 << 20)),
                                deadline: .after(.seconds(1))
                            )
                            return nil
                        } catch { return error.delivery }
                    }
                }
                return await group.reduce(into: [DeliveryOutcome?]()) { $0.append($1) }
            }
            #expect(start.duration(to: .now) < .seconds(3))
            #expect(outcomes.contains(.notSent))
            #expect(!outcomes.contains(nil))
            #expect(await connection.waitUntilClosed()?.code == .heartbeatMissed)
        }
        await proxy.stop()
        await broker.stop()
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

/// An authority and a certificate for `localhost`, made for one test.
private struct Certificates {
    let directory = try? TemporaryDirectory(prefix: "warren-certificates")
    let authority: String
    let certificate: String
    let key: String

    init() async throws {
        let directory = try #require(directory)
        authority = directory.path("ca.pem")
        certificate = directory.path("server.pem")
        key = directory.path("server.key")
        let authorityKey = directory.path("ca.key")
        let request = directory.path("server.csr")
        let names = try directory.write("subjectAltName=DNS:localhost\n", to: "names")
        for arguments in [
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test-ca", "-keyout",
                authorityKey, "-out", authority,
            ],
            ["req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", key, "-out", request],
            [
                "x509", "-req", "-in", request, "-CA", authority, "-CAkey", authorityKey, "-CAcreateserial", "-days",
                "2", "-extfile", names, "-out", certificate,
            ],
        ] {
            _ = try await ChildProcess.run("/usr/bin/openssl", arguments)
        }
    }
}
