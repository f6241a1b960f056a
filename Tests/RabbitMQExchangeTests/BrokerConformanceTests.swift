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

    private func conforms(_ kind: MailboxKind) async throws {
        let results = await ExchangeConformance.run(on: try await Self.environment(kind), width: 6)
        #expect(results.count == ExchangeConformance.cases.count)
        for result in results where !result.passed && result.subject != "queue limits" {
            Issue.record("\(kind.rawValue): \(result)")
        }
        let cases = ExchangeConformance.cases.filter { $0.needs.contains(.queueLimit) }
        for result in await ExchangeConformance.run(cases, on: try await Self.environment(kind, queueLimit: 10))
        where !result.passed {
            Issue.record("\(kind.rawValue): \(result)")
        }
    }

    /// Two factories with sessions of their own. The cases of one kind share a namespace.
    private static func environment(
        _ kind: MailboxKind,
        queueLimit: Int? = nil
    ) async throws -> ConformanceEnvironment {
        let url = try await PrivateBroker.shared().amqpURL
        var configuration = RabbitMQConfiguration()
        configuration.mailboxKind = kind
        configuration.maximumMessageSize = 2 << 20
        configuration.maximumMailboxLength = queueLimit
        configuration.connectionName = "conformance \(kind.rawValue)"
        let namespace = "contract-\(kind.rawValue)\(queueLimit == nil ? "" : "-limited")"
        let factory = try RabbitMQExchange(url: url, namespace: namespace, configuration: configuration)
        configuration.connectionName = "conformance \(kind.rawValue), another process"
        let other = try RabbitMQExchange(url: url, namespace: namespace, configuration: configuration)
        return ConformanceEnvironment(
            factory: factory,
            otherFactory: other,
            queueLimit: queueLimit,
            timeout: .seconds(60)
        )
    }
}
