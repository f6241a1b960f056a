import ExchangeConformance
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

@Suite(
    "The RabbitMQ exchange conforms to the contract",
    .serialized,
    .enabled(if: PrivateBroker.isInstalled, "\(PrivateBroker.missingReason)")
)
struct BrokerConformanceTests {
    @Test("on quorum queues")
    func replicated() async throws { try await conforms(.replicated) }

    @Test("on classic queues")
    func single() async throws { try await conforms(.single) }

    @Test(
        "while the directory is compacted again and again",
        .enabled(if: LongForm.isWanted, "it takes minutes: make test-long"),
        arguments: [MailboxKind.replicated, .single]
    )
    func compacted(kind: MailboxKind) async throws {
        let url = try await PrivateBroker.shared().amqpURL
        try await conforms(kind, [url, url], "compacted") {
            $0.compactionThreshold = 50
            $0.compactionGrace = .seconds(5)
        }
    }

    @Test(
        "on one thread",
        .enabled(if: LongForm.isWanted, "it takes minutes: make test-long"),
        arguments: [MailboxKind.replicated, .single]
    )
    func thread(kind: MailboxKind) async throws {
        let url = try await PrivateBroker.shared().amqpURL
        try await conforms(kind, [url, url], "thread") { $0.sharesThread = true }
    }

    /// The sessions of the two factories begin with different nodes.
    @Test(
        "on a cluster of three nodes",
        .enabled(if: LongForm.isWanted, "it takes minutes: make test-long"),
        arguments: [MailboxKind.replicated, .single]
    )
    func cluster(kind: MailboxKind) async throws {
        let cluster = try await PrivateCluster.start()
        let addresses = cluster.nodes.map { "\($0.host):\($0.port)" }
        let urls = [addresses, addresses.reversed()].map { "amqp://guest:guest@" + $0.joined(separator: ",") }
        try await conforms(kind, urls)
        await cluster.stop()
    }

    private func conforms(_ kind: MailboxKind) async throws {
        let url = try await PrivateBroker.shared().amqpURL
        try await conforms(kind, [url, url])
    }

    private func conforms(
        _ kind: MailboxKind,
        _ urls: [String],
        _ name: String = "contract",
        configure: (inout RabbitMQConfiguration) -> Void = { _ in }
    ) async throws {
        var configuration = RabbitMQConfiguration()
        configure(&configuration)
        let environment = try Self.environment(kind, urls, name, configuration)
        let results = await ExchangeConformance.run(on: environment, width: 6)
        #expect(results.count == ExchangeConformance.cases.count)
        for result in results where !result.passed && result.subject != "queue limits" {
            Issue.record("\(kind.rawValue): \(result)")
        }
        let cases = ExchangeConformance.cases.filter { $0.needs.contains(.queueLimit) }
        for result in await ExchangeConformance.run(
            cases,
            on: try Self.environment(kind, urls, name, configuration, queueLimit: 10)
        )
        where !result.passed {
            Issue.record("\(kind.rawValue): \(result)")
        }
    }

    /// Two factories with sessions of their own. The cases of one kind share a namespace.
    private static func environment(
        _ kind: MailboxKind,
        _ urls: [String],
        _ name: String,
        _ configuration: RabbitMQConfiguration,
        queueLimit: Int? = nil
    ) throws -> ConformanceEnvironment {
        var configuration = configuration
        configuration.mailboxKind = kind
        configuration.maximumMessageSize = 2 << 20
        configuration.maximumMailboxLength = queueLimit
        configuration.connectionName = "conformance \(kind.rawValue)"
        let namespace = "\(name)-\(kind.rawValue)\(queueLimit == nil ? "" : "-limited")"
        let factory = try RabbitMQExchange(url: urls[0], namespace: namespace, configuration: configuration)
        configuration.connectionName = "conformance \(kind.rawValue), another process"
        let other = try RabbitMQExchange(url: urls[1], namespace: namespace, configuration: configuration)
        return ConformanceEnvironment(
            factory: factory,
            otherFactory: other,
            queueLimit: queueLimit,
            timeout: .seconds(60)
        )
    }
}
