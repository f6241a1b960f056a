#if Hybrid
    import AgentExchange
    import ExchangeTestKit
    import Foundation
    import RabbitMQExchange
    import Testing

    @testable import HybridExchange

    #if Configuration
        import Configuration
    #endif

    @Suite("Settings of direct connections")
    struct DirectConfigurationTests {
        private static let broker = "amqp://shop:secret@localhost"

        private func factory(_ change: (inout DirectConfiguration) -> Void) throws -> HybridExchange {
            var direct = DirectConfiguration()
            change(&direct)
            return try HybridExchange(url: Self.broker, direct: direct)
        }

        @Test("A value out of range is refused, and the error names the setting")
        func bounds() throws {
            let wrong: [(String, (inout DirectConfiguration) -> Void)] = [
                ("port", { $0.listen = [.tcp(.towardsBroker, ports: [0])] }),
                ("port", { $0.listen = [.tcp(.towardsBroker, ports: 65_535...65_536)] }),
                ("connectTimeout", { $0.connectTimeout = .zero }),
                ("connectTimeout", { $0.connectTimeout = .seconds(Int64.max) }),
                ("keepAlive", { $0.keepAlive = .milliseconds(99) }),
                ("keepAlive", { $0.keepAlive = .seconds(Int64.max) }),
                ("renewal", { $0.renewal = .seconds(9) }),
                ("renewal", { $0.renewal = .seconds(Int64.min) }),
                ("ownershipLease", { $0.ownershipLease = .seconds(5) }),
                ("ownershipLease", { $0.ownershipLease = .seconds(Int64.min) }),
                ("windowMessages", { $0.windowMessages = 0 }),
                ("windowMessages", { $0.windowMessages = .max }),
                ("windowBytes", { $0.windowBytes = 1 }),
                ("windowBytes", { $0.windowBytes = .max }),
                ("keptBytes", { $0.keptBytes = .min }),
                ("advertise", { $0.advertise = "two words:1" }),
                ("advertise", { $0.advertise = "gateway:0" }),
                ("advertise", { $0.advertise = "" }),
            ]
            for (name, change) in wrong {
                let error = #expect(throws: ExchangeError.self, "\(name)") { try factory(change) }
                #expect(error?.code == .invalidConfiguration)
                #expect(error?.message.contains(name) == true, "\(error?.message ?? "")")
            }
        }

        @Test("A session has at most 1,024 connections and 64 unknown peers")
        func limits() {
            let settings = DirectConfiguration().peers(isEncrypted: true)
            #expect(settings.peers == 1024 && settings.unknownPeers == 64 && settings.idle == .seconds(10))
            #expect(settings.handshakeTimeout == .seconds(2) && settings.dialStagger == .milliseconds(250))
            #expect(settings.security == .encrypted)
            #expect(DirectConfiguration().peers(isEncrypted: false).security == .plain)
        }

        @Test(
            "Every setting at its extremes is refused by its name, or a process serves with it (short form: a tenth of them)"
        )
        func extremes() async throws {
            let durations: [Duration] = [
                .seconds(Int64.min), .seconds(-1), .zero, .nanoseconds(1), .milliseconds(100), .seconds(1), .seconds(4),
                .seconds(60), .seconds(86_400), .seconds(1e12), .seconds(Int64.max),
                Duration(secondsComponent: .max, attosecondsComponent: 999_999_999_999_999_999),
            ]
            let numbers = [Int.min, -1, 0, 1, 64 << 10, 65_536, 4 << 20, Int(UInt32.max), .max]
            var settings: [(String, DirectConfiguration)] = []
            for duration in durations {
                settings += [
                    ("connectTimeout", \.connectTimeout), ("keepAlive", \.keepAlive), ("renewal", \.renewal),
                    ("ownershipLease", \.ownershipLease),
                ].map { (name: String, setting: WritableKeyPath<DirectConfiguration, Duration>) in
                    var direct = DirectConfiguration(listen: [.tcp(.address("127.0.0.1"))])
                    direct[keyPath: setting] = duration
                    return (name, direct)
                }
            }
            for number in numbers {
                settings += [
                    ("windowMessages", \.windowMessages), ("windowBytes", \.windowBytes), ("keptBytes", \.keptBytes),
                ].map { (name: String, setting: WritableKeyPath<DirectConfiguration, Int>) in
                    var direct = DirectConfiguration(listen: [.tcp(.address("127.0.0.1"))])
                    direct[keyPath: setting] = number
                    return (name, direct)
                }
                settings.append(
                    (
                        "port",
                        DirectConfiguration(listen: [.tcp(.towardsBroker, ports: min(number, 0)...max(number, 0))])
                    )
                )
            }
            if !LongForm.isWanted { settings = Array(settings.shuffled().prefix(settings.count / 10)) }
            let url = try await PrivateBroker.shared().amqpURL
            let served = await withTaskGroup(of: Bool.self) { group in
                for (name, direct) in settings {
                    group.addTask { await Self.serves(name, direct, url) }
                }
                return await group.reduce(into: 0) { count, serves in count += serves ? 1 : 0 }
            }
            #expect(served >= 20 || !LongForm.isWanted)
        }

        /// Whether a process answers pings with the settings; otherwise they are refused by the name.
        private static func serves(_ name: String, _ direct: DirectConfiguration, _ url: String) async -> Bool {
            do {
                let namespace = "test-" + UUID().uuidString.prefix(8).lowercased()
                let exchange = try HybridExchange(url: url, namespace: namespace, direct: direct)
                try await exchange.withUserClient { user in
                    let agent = try await user.registerAgent(AgentType("Echo"))
                    try await exchange.withAgentClient(agent, requestHandler: { request, _ in request.response() }) {
                        _ in
                        for _ in 0..<3 { _ = try await user.handle(to: agent.agentID).ping() }
                    }
                }
                return true
            } catch {
                let error = error as? ExchangeError
                #expect(error?.code == .invalidConfiguration, "\(name): \(error as Any)")
                #expect(error?.message.contains(name) == true, "\(name): \(error as Any)")
                return false
            }
        }

        @Test("Ports are any sequence, tried in its order, and an endless one is refused or cut")
        func sequences() throws {
            typealias Listener = DirectConfiguration.Listener
            #expect(
                Listener.tcp(.towardsBroker, ports: 5700..<5703) == .tcp(.towardsBroker, ports: [5700, 5701, 5702])
            )
            #expect(
                Listener.tcp(.towardsBroker, ports: stride(from: 9, to: 0, by: -4))
                    == .tcp(.towardsBroker, ports: [9, 5, 1])
            )
            #expect(
                Listener.tcp(.towardsBroker, ports: (1...3).lazy.map { $0 * 2 })
                    == .tcp(.towardsBroker, ports: [2, 4, 6])
            )
            let endless = Listener.tcp(.towardsBroker, ports: sequence(first: 5700) { $0 + 1 })
            let error = #expect(throws: ExchangeError.self) { try factory { $0.listen = [endless] } }
            #expect(error?.message.contains("port") == true)
            let repeating = Listener.tcp(.towardsBroker, ports: sequence(first: 5700) { $0 })
            guard case .tcp(_, let ports) = repeating else { throw CocoaError(.coderInvalidValue) }
            #expect(ports.count == 65_536)
        }

        @Test("The address to advertise may have a port, and brackets around IPv6")
        func advertise() {
            let read = ["gateway", "gateway:81", "[::1]", "[::1]:81"].map {
                DirectConfiguration.endpoint($0, port: 5700)
            }
            #expect(
                read == [
                    .tcp(host: "gateway", port: 5700), .tcp(host: "gateway", port: 81),
                    .tcp(host: "::1", port: 5700), .tcp(host: "::1", port: 81),
                ]
            )
        }

        @Test("An encoded factory has the settings, and no password")
        func encoded() throws {
            let exchange = try factory {
                $0.listen = [.tcp(.interface("eth0"), ports: 5700...5702), .unix(folder: "/run/team")]
                $0.durability = .broker
                $0.security = .encrypted
                $0.advertise = "gateway:5700"
            }
            let json = try JSONEncoder().encode(exchange)
            #expect(!String(decoding: json, as: UTF8.self).contains("secret"))
            let decoded = try JSONDecoder().decode(HybridExchange.self, from: json)
            // A path of the process that encoded it means nothing here, or something else.
            var expected = exchange.direct
            expected.listen = [.tcp(.interface("eth0"), ports: 5700...5702), .unix()]
            #expect(decoded.direct == expected)
            #expect(decoded.broker.namespace == exchange.broker.namespace)
        }

        @Test("A decoded factory does not make this process send unencrypted beside an encrypted broker connection")
        func decodedSecurity() throws {
            let exchange = try factory { $0.security = .plain }
            let decoded = try JSONDecoder().decode(HybridExchange.self, from: try JSONEncoder().encode(exchange))
            #expect(decoded.direct.security == .asBroker)
        }

        @Test(
            "Any range of ports is refused or taken, and never ends the process",
            arguments: [0...Int.max, Int.min...5]
        )
        func extremePorts(_ ports: ClosedRange<Int>) throws {
            #expect(throws: ExchangeError.self) { try factory { $0.listen = [.tcp(.towardsBroker, ports: ports)] } }
        }

        #if Configuration
            private func configuration(_ values: [String: String]) throws -> DirectConfiguration {
                let provider = EnvironmentVariablesProvider(environmentVariables: values)
                return try DirectConfiguration(config: ConfigReader(provider: provider).scoped(to: "warren.direct"))
            }

            @Test("Settings are read from the environment")
            func environment() throws {
                let read = try configuration([
                    "WARREN_DIRECT_LISTEN": "tcp:5700-5702, unix:/run/team", "WARREN_DIRECT_INTERFACE": "eth0",
                    "WARREN_DIRECT_ADVERTISE": "gateway", "WARREN_DIRECT_DURABILITY": "broker",
                    "WARREN_DIRECT_SECURITY": "plain", "WARREN_DIRECT_KEEP_ALIVE": "250ms",
                    "WARREN_DIRECT_WINDOW_MESSAGES": "7", "WARREN_DIRECT_CONNECT_TIMEOUT": "2s",
                    "WARREN_DIRECT_RENEWAL": "10m", "WARREN_DIRECT_OWNERSHIP_LEASE": "1500ms",
                    "WARREN_DIRECT_WINDOW_BYTES": "65536", "WARREN_DIRECT_KEPT_BYTES": "0",
                ])
                #expect(
                    read.listen == [.tcp(.interface("eth0"), ports: [5700, 5701, 5702]), .unix(folder: "/run/team")]
                )
                #expect(read.advertise == "gateway" && read.durability == .broker && read.security == .plain)
                #expect(read.keepAlive == .milliseconds(250) && read.windowMessages == 7)
                #expect(read.connectTimeout == .seconds(2) && read.renewal == .seconds(600))
                #expect(read.ownershipLease == .milliseconds(1500))
                #expect(read.windowBytes == 65_536 && read.keptBytes == 0)
                #expect(try configuration([:]) == DirectConfiguration())
                #expect(try configuration(["WARREN_DIRECT_LISTEN": "none"]).listen.isEmpty)
                #expect(
                    try configuration(["WARREN_DIRECT_LISTEN": "tcp", "WARREN_DIRECT_INTERFACE": "::1"]).listen
                        == [.tcp(.address("::1"))]
                )
            }

            @Test("An exchange reads its own settings in the scope direct, beside those of the broker")
            func exchangeSettings() throws {
                let provider = EnvironmentVariablesProvider(environmentVariables: [
                    "WARREN_BROKER": Self.broker, "WARREN_NAMESPACE": "shop", "WARREN_DIRECT_DURABILITY": "broker",
                ])
                let exchange = try HybridExchange(config: ConfigReader(provider: provider).scoped(to: "warren"))
                #expect(exchange.direct.durability == .broker && exchange.broker.namespace == "shop")
                let wrong = EnvironmentVariablesProvider(environmentVariables: [
                    "WARREN_BROKER": Self.broker, "WARREN_DIRECT_RENEWAL": "1s",
                ])
                let error = #expect(throws: ExchangeError.self) {
                    try HybridExchange(config: ConfigReader(provider: wrong).scoped(to: "warren"))
                }
                #expect(error?.code == .invalidConfiguration && error?.message.contains("renewal") == true)
                #expect(error?.message.contains("secret") == false)
            }

            @Test(
                "A setting that is none is refused, with its key",
                arguments: [
                    ("LISTEN", "tcp:"), ("LISTEN", "tcp:0"), ("LISTEN", "tcp:9-8"), ("LISTEN", "tcp:1-2-3"),
                    ("LISTEN", "tcp:65536"), ("LISTEN", "udp"), ("LISTEN", "tcp,"), ("DURABILITY", "both"),
                    ("SECURITY", "none"), ("KEEP_ALIVE", "soon"), ("WINDOW_MESSAGES", "many"),
                    ("CONNECT_TIMEOUT", "0s"), ("RENEWAL", "1s"), ("OWNERSHIP_LEASE", "5s"), ("WINDOW_BYTES", "1"),
                    ("KEPT_BYTES", "-1"), ("ADVERTISE", "two words"),
                ]
            )
            func wrongSettings(_ key: String, _ value: String) throws {
                let error = #expect(throws: ExchangeError.self) {
                    try configuration(["WARREN_DIRECT_\(key)": value])
                }
                #expect(error?.code == .invalidConfiguration)
                // A port is named by its kind.
                let words = key.lowercased().split(separator: "_")
                let name = ([String(words[0])] + words.dropFirst().map(\.capitalized)).joined()
                let message = error?.message ?? ""
                #expect(message.contains(name) || key == "LISTEN" && message.contains("port"), "\(message)")
            }
        #endif

        @Test("A folder in which the paths of sockets are too long for them is refused with invalidConfiguration")
        func longFolder() async throws {
            let folder = try TemporaryDirectory()
            let long = folder.path(String(repeating: "a", count: 100))
            let (session, log) = (PeerSession(), LogRecorder())
            let error = await #expect(throws: ExchangeError.self) {
                try await DirectConfiguration(listen: [.unix(folder: long)])
                    .listen(on: session.host, towards: nil, log.logger)
            }
            #expect(error?.code == .invalidConfiguration)
            #expect(error?.message.contains("107") == true, "\(error?.message ?? "no error")")
            await session.host.close()
        }

        @Test("A program that names a taken port gets invalidConfiguration, one that names none goes on")
        func takenPort() async throws {
            let peer = PeerSession()
            let port = try await peer.listen()
            let error = await #expect(throws: ExchangeError.self) {
                try await DirectConfiguration(listen: [.tcp(.address("127.0.0.1"), ports: [port])])
                    .listen(on: PeerSession().host, towards: nil, peer.log.logger)
            }
            #expect(error?.code == .invalidConfiguration)
            // The address is not of this machine.
            let none = try await DirectConfiguration(listen: [.tcp(.towardsBroker)])
                .listen(on: PeerSession().host, towards: "192.0.2.1", peer.log.logger)
            #expect(none.isEmpty)
            #expect(!peer.log.entries.isEmpty)
            await peer.host.close()
        }
    }
#endif
