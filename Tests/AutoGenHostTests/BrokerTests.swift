#if AutoGen
    import AgentExchange
    @testable import AutoGenHost
    import AutoGenProtocol
    import ExchangeTestKit
    import Foundation
    import GRPCCore
    import InProcessExchange
    import RabbitMQExchange
    import Testing

    @Suite(
        "Hosts on a broker",
        .serialized,
        .enabled(if: PrivateBroker.isInstalled, "\(PrivateBroker.missingReason)")
    )
    struct BrokerTests {
        /// Two hosts in one namespace, with sessions of their own.
        private struct Pair {
            let hosts: [AutoGenHost]
            let ports: [Int]

            init(_ kind: MailboxKind) async throws {
                let broker = try await PrivateBroker.shared()
                let namespace = "test-" + UUID().uuidString.prefix(8).lowercased()
                var hosts: [AutoGenHost] = []
                var ports: [Int] = []
                for name in ["one", "two"] {
                    var configuration = RabbitMQConfiguration()
                    configuration.mailboxKind = kind
                    configuration.connectionName = "\(namespace) \(name)"
                    let exchange = try RabbitMQExchange(
                        url: broker.amqpURL,
                        namespace: namespace,
                        configuration: configuration
                    )
                    var settings = AutoGenHostConfiguration()
                    settings.requestDeadline = .seconds(30)
                    let host = try AutoGenHost(address: "127.0.0.1:0", exchange: exchange, configuration: settings)
                    ports.append(try #require(try await host.start().port))
                    hosts.append(host)
                }
                self.hosts = hosts
                self.ports = ports
            }

            func close() async {
                for host in hosts { await host.stop(grace: .seconds(1)) }
            }
        }

        @Test(
            "Workers of two hosts call each other and get each other's events, and a type has one worker",
            arguments: [MailboxKind.replicated, .single]
        )
        func twoHosts(kind: MailboxKind) async throws {
            let pair = try await Pair(kind)
            let near = try BareClient(port: pair.ports[0])
            let target = try await near.open()
            try await near.register("a")
            try await near.subscribe("a", "news")
            let far = try BareClient(port: pair.ports[1])
            let caller = try await far.open()
            await fails(.invalidArgument, "Agent type a already registered") { try await far.register("a") }

            try caller.ask("1", "a", "\"one\"")
            let request = try await target.request()
            #expect(request.payload.text == "\"one\"")
            try target.answer(request.requestID, "\"answer\"")
            #expect(try await caller.response("1").payload.text == "\"answer\"")
            try caller.publish("news", "\"event\"")
            #expect(try await target.event().text == "\"event\"")
            let listed = try await far.subscriptions()
            #expect(listed.map(\.typeSubscription.topicType) == ["news"])

            // The worker leaves: its callers are told, also those of the other host, and the type is free.
            try caller.ask("2", "a")
            _ = try await target.request()
            target.cancel()
            #expect(try await caller.response("2").error.contains("left"))
            try await eventually("the type is free") {
                do {
                    try await far.register("a")
                    return true
                } catch is RPCError {
                    return false
                }
            }
            await near.close()
            await far.close()
            await pair.close()
        }

        @Test(
            "An event that the host has read is published although its client leaves or is lost",
            arguments: [true, false]
        )
        func events(leaves: Bool) async throws {
            let broker = try await PrivateBroker.shared()
            let proxy = try FaultProxy(targetPort: broker.port)
            let exchange = try RabbitMQExchange(
                url: "amqp://guest:guest@127.0.0.1:\(proxy.listenPort)",
                namespace: "test-" + UUID().uuidString.prefix(8).lowercased()
            )
            var settings = AutoGenHostConfiguration()
            settings.requestDeadline = .seconds(30)
            if !leaves { settings.onLoss = .fail }
            let host = try AutoGenHost(address: "127.0.0.1:0", exchange: exchange, configuration: settings)
            let port = try #require(try await host.start().port)
            let subscriber = try BareClient(port: port)
            let events = try await subscriber.open()
            try await subscriber.register("a")
            try await subscriber.subscribe("a", "news")
            let way = try FaultProxy(targetPort: port)
            let client = try BareClient(port: way.listenPort)
            let stream = try await client.open()

            try await proxy.set(.refuse)
            try await proxy.resetConnections()
            for number in 0..<5 { try stream.publish("news", "\(number)") }
            stream.send(bytes: [0xff])
            try await eventually("the host has read the events") { host.service.core.drops.number(.undecodable) == 1 }
            if leaves { stream.finish() } else { try await way.resetConnections() }
            try await eventually("the client's session has ended") { host.service.core.clients.sessions.count == 1 }
            try await proxy.set(.pass)
            var texts: Set<String> = []
            for _ in 0..<5 { texts.insert(try await events.event(within: .seconds(20)).text) }
            #expect(texts == ["0", "1", "2", "3", "4"])
            await client.close()
            await subscriber.close()
            await host.stop(grace: .seconds(1))
            await proxy.stop()
            await way.stop()
        }

        @Test("A host that is stopped while it joins its exchange listens nowhere afterwards")
        func stopsWhileStarting() async throws {
            let broker = try await PrivateBroker.shared()
            let proxy = try FaultProxy(targetPort: broker.port)
            try await proxy.set(.stall)
            let exchange = try RabbitMQExchange(
                url: "amqp://guest:guest@127.0.0.1:\(proxy.listenPort)",
                namespace: "test-" + UUID().uuidString.prefix(8).lowercased()
            )
            let directory = try TemporaryDirectory(prefix: "warren-host")
            let host = try AutoGenHost(address: "unix:" + directory.path("socket"), exchange: exchange)
            let starting = Task { try await host.start() }
            try await eventually("the host has reached the broker") { proxy.statistics.accepted > 0 }
            let stopping = Task.immediate { await host.stop(grace: .seconds(1)) }
            try await proxy.set(.pass)
            await stopping.value
            let error = await #expect(throws: ExchangeError.self) { try await starting.value }
            #expect(error?.code == .closed)
            // The address is free.
            let next = AutoGenHost(address: host.address, exchange: InProcessExchange())
            try await next.start()
            await next.stop(grace: .seconds(1))
            await proxy.stop()
        }

        @Test("What a host that ended had not answered is answered with an error, and the other host goes on")
        func hostEnds() async throws {
            let pair = try await Pair(.replicated)
            let near = try BareClient(port: pair.ports[0])
            let target = try await near.open()
            try await near.register("a")
            let far = try BareClient(port: pair.ports[1])
            let caller = try await far.open()
            try caller.ask("1", "a")
            _ = try await target.request()
            await pair.hosts[0].stop(grace: .seconds(1))
            #expect(try await !caller.response("1", within: .seconds(40)).error.isEmpty)
            try await far.register("b")
            try caller.ask("2", "b", "\"own\"")
            let request = try await caller.request()
            try caller.answer(request.requestID, "\"own\"")
            #expect(try await caller.response("2").payload.text == "\"own\"")
            await near.close()
            await far.close()
            await pair.close()
        }
    }
#endif
