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
        @Test(
            "over TCP, with the copy at the requester, on quorum queues",
            .enabled(if: LongForm.isWanted, Self.reason)
        )
        func requester() async throws { try await conforms(.requester, .replicated, [.tcp(.towardsBroker)]) }

        @Test(
            "over Unix sockets, with the copy at the broker, on classic queues",
            .enabled(if: LongForm.isWanted, Self.reason)
        )
        func broker() async throws { try await conforms(.broker, .single, [.unix()]) }

        @Test("encrypted, with the copy at the broker, on quorum queues", .enabled(if: LongForm.isWanted, Self.reason))
        func encrypted() async throws {
            try await conforms(.broker, .replicated, [.tcp(.address("127.0.0.1"))], security: .encrypted)
        }

        /// Each session advertises a port at which nothing listens.
        @Test("where no process can be dialled, on classic queues", .enabled(if: LongForm.isWanted, Self.reason))
        func unreachable() async throws {
            let place = try FaultProxy(targetPort: 1)
            try await place.set(.refuse)
            try await conforms(
                .requester,
                .single,
                [.tcp(.towardsBroker)],
                advertise: "127.0.0.1:\(place.listenPort)",
                isDirect: false
            )
            await place.stop()
        }

        private static var reason: Comment { "the whole contract takes minutes: make test-long" }

        private func conforms(
            _ durability: DirectConfiguration.Durability,
            _ kind: MailboxKind,
            _ listen: [DirectConfiguration.Listener],
            security: DirectConfiguration.Security = .asBroker,
            advertise: String? = nil,
            isDirect: Bool = true
        ) async throws {
            let url = try await PrivateBroker.shared().amqpURL
            var configuration = RabbitMQConfiguration()
            configuration.mailboxKind = kind
            configuration.maximumMessageSize = 2 << 20
            let namespace = "hybrid-\(UUID().uuidString.prefix(8).lowercased())"
            var direct = DirectConfiguration(listen: listen, durability: durability, security: security)
            direct.advertise = advertise
            // A termination waits that long for an owner that does not answer.
            direct.ownershipLease = .seconds(2)
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
            // Sessions of clients that stay open are used by all cases.
            let (user, others) = (try await factory.makeUserClient(), try await other.makeUserClient())
            let wereDirect = Monitor(false)
            let watch = Task {
                while !Task.isCancelled {
                    if await factory.directPeers.contains(where: { $0.lanes > 0 }) { wereDirect.update { $0 = true } }
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            for result in await ExchangeConformance.run(on: environment, width: 6)
            where !result.passed && result.subject != "queue limits" {
                Issue.record("\(durability.rawValue), \(kind.rawValue): \(result)")
            }
            watch.cancel()
            #expect(wereDirect.value == isDirect)
            await user.close()
            await others.close()
        }
    }
#endif
