#if Hybrid
    import AgentExchange
    import ExchangeConformance
    import ExchangeTestKit
    import Foundation
    import HybridExchange
    import RabbitMQExchange
    import Testing

    @Suite(
        "The hybrid exchange conforms to the contract",
        .serialized,
        .enabled(if: PrivateBroker.isInstalled, "\(PrivateBroker.missingReason)")
    )
    struct HybridConformanceTests {
        @Test("over TCP, with the copy at the requester")
        func requester() async throws { try await conforms(.requester, .replicated, [.tcp(.towardsBroker)]) }

        private func conforms(
            _ durability: DirectConfiguration.Durability,
            _ kind: MailboxKind,
            _ listen: [DirectConfiguration.Listener]
        ) async throws {
            let url = try await PrivateBroker.shared().amqpURL
            var configuration = RabbitMQConfiguration()
            configuration.mailboxKind = kind
            configuration.maximumMessageSize = 2 << 20
            let namespace = "hybrid-\(durability.rawValue)-\(kind.rawValue)-\(listen.count)"
            let direct = DirectConfiguration(listen: listen, durability: durability)
            configuration.connectionName = "hybrid conformance"
            let factory = try HybridExchange(
                url: url,
                namespace: namespace,
                direct: direct,
                configuration: configuration
            )
            configuration.connectionName = "hybrid conformance, another process"
            let other = try HybridExchange(url: url, namespace: namespace, direct: direct, configuration: configuration)
            let environment = ConformanceEnvironment(factory: factory, otherFactory: other, timeout: .seconds(60))
            for result in await ExchangeConformance.run(on: environment, width: 6) where !result.passed && result.subject != "queue limits" {
                Issue.record("\(durability.rawValue), \(kind.rawValue): \(result)")
            }
        }
    }
#endif
