import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import RabbitMQExchange

@Suite("The settings of the RabbitMQ exchange")
struct SettingsTests {
    private func settings(of url: String, _ configuration: RabbitMQConfiguration = .init()) throws -> RabbitMQExchange {
        try RabbitMQExchange(url: url, configuration: configuration)
    }

    @Test("What a URL says counts more than a setting, also when it is the default; so it does in an encoded factory")
    func said() throws {
        var configuration = RabbitMQConfiguration()
        configuration.heartbeat = .seconds(5)
        configuration.operationTimeout = .seconds(2)
        configuration.connectionName = "configured"
        let url = "amqp://h?heartbeat=20&connection_timeout=10000&name=warren&frame_max=4096"
        let exchange = try settings(of: url, configuration)
        let decoded = try JSONDecoder().decode(RabbitMQExchange.self, from: try JSONEncoder().encode(exchange))
        for exchange in [exchange, decoded] {
            let connection = try exchange.address.connection(exchange.configuration)
            #expect(connection.heartbeat == .seconds(20))
            #expect(connection.connectTimeout == .seconds(10))
            #expect(connection.name == "warren")
            #expect(connection.frameMax == 4096)
        }
        let silent = try settings(of: "amqp://h", configuration).address.connection(configuration)
        #expect(silent.heartbeat == .seconds(5))
        #expect(silent.connectTimeout == .seconds(2))
        #expect(silent.name == "configured")
    }

    @Test(
        "The address that is shown leads to the same broker",
        arguments: [
            "amqp://h/a%2Fb", "amqp://h/%2Fa%2F", "amqps://o%40p%3A:s@h:1,[::1]:2/v%20%3F%23%25", "amqp://h",
            "amqp://h/%C3%BC",
        ]
    )
    func shown(url: String) throws {
        let exchange = try settings(of: url)
        let again = try settings(of: exchange.brokerDescription)
        #expect(again.address.virtualHost == exchange.address.virtualHost)
        #expect(again.address.user == exchange.address.user)
        #expect(again.brokerDescription == exchange.brokerDescription)
        #expect(exchange.description == "default at \(exchange.brokerDescription)")
    }

    @Test("A value out of its range is an error that names the setting and the bounds")
    func bounds() throws {
        let changes: [(String, (inout RabbitMQConfiguration) -> Void)] = [
            ("operationTimeout is more than zero, at most 86,400 s", { $0.operationTimeout = .seconds(Int64.max) }),
            ("sessionExpiry is 1 s to 4,294,967 s", { $0.sessionExpiry = .seconds(Int64.max) }),
            ("userMailboxExpiry is 1 s to 4,294,967 s", { $0.userMailboxExpiry = .seconds(5_000_000) }),
            ("redeliveryLimit is 0 to 2,147,483,647", { $0.redeliveryLimit = .max }),
            ("maximumMailboxLength is 1 to 2,147,483,647", { $0.maximumMailboxLength = .max }),
            ("acknowledgementTimeout is 1 s to 31,536,000 s", { $0.acknowledgementTimeout = .seconds(Int64.max) }),
            ("receiveWindowBytes is at least 1", { $0.receiveWindowBytes = 0 }),
            ("receiveWindowBytes is at least 1", { $0.receiveWindowBytes = .min }),
            ("tombstoneLimit is 0 to 2,147,483,647", { $0.tombstoneLimit = .max }),
            ("tombstoneExpiry is 120 s to 31,536,000 s", { $0.tombstoneExpiry = .seconds(Int64.max) }),
            ("compactionThreshold is 1 to 2,147,483,647", { $0.compactionThreshold = .min }),
            ("compactionGrace is more than zero, at most 86,400 s", { $0.compactionGrace = .zero }),
            ("connectPatience is 0 s to 31,536,000 s", { $0.connectPatience = .seconds(Int64.min) }),
            ("connectionName has at most", { $0.connectionName = "a\0b" }),
        ]
        for (text, change) in changes {
            var configuration = RabbitMQConfiguration()
            change(&configuration)
            let error = #expect(throws: ExchangeError.self) { try settings(of: "amqp://h", configuration) }
            #expect(error?.code == .invalidConfiguration)
            #expect(error?.message.hasPrefix(text) == true, "\(String(describing: error))")
        }
    }

    @Test("A virtual host or a name that no connection can have is refused with the URL")
    func unusable() {
        for url in [
            "amqp://h/\(String(repeating: "v", count: 256))", "amqp://h?name=\(String(repeating: "n", count: 5000))",
        ] {
            let error = #expect(throws: ExchangeError.self) { try settings(of: url) }
            #expect(error?.code == .invalidConfiguration)
        }
    }
}
