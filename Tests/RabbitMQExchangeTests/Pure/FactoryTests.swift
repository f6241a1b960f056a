import AgentExchange
import Foundation
import RabbitMQExchange
import Testing

@Suite("The factory of the RabbitMQ exchange")
struct FactoryTests {
    private static let secret = "s3cret/p%40ss"

    @Test("has no password in its encoded form, its description, its dump or its errors")
    func noPassword() throws {
        let url = "amqp://ann:s3cret%2Fp%2540ss@broker.example:5673/vh"
        let exchange = try RabbitMQExchange(url: url, namespace: "test")
        let encoded = String(decoding: try JSONEncoder().encode(exchange), as: UTF8.self)
        var dumped = ""
        dump(exchange, to: &dumped)
        for text in [encoded, exchange.description, "\(exchange)", dumped, String(reflecting: exchange)] {
            #expect(!text.contains("s3cret"))
            #expect(text.contains("test"))
        }
        #expect(encoded.contains("broker.example") && encoded.contains("ann"))
        let error = #expect(throws: ExchangeError.self) { try RabbitMQExchange(url: url + "?unknown=1") }
        #expect(error?.code == .invalidConfiguration)
        #expect(error.map { "\($0)" }?.contains("s3cret") == false)
    }

    @Test("is refused for a bad URL, a bad namespace or a bad setting")
    func bad() {
        for url in ["", "http://host", "amqp://host:0", "amqp://host:99999", "amqp://host/%zz", "amqp://host?x=1"] {
            let error = #expect(throws: ExchangeError.self, "\(url)") { try RabbitMQExchange(url: url) }
            #expect(error?.code == .invalidConfiguration)
        }
        var configuration = RabbitMQConfiguration()
        configuration.prefetch = 0
        let error = #expect(throws: ExchangeError.self) {
            try RabbitMQExchange(url: "amqp://localhost", configuration: configuration)
        }
        #expect(error?.message == "prefetch is 1 to 65,535")
    }

    @Test("comes back from its encoded form with its namespace and settings")
    func decoding() throws {
        var configuration = RabbitMQConfiguration()
        configuration.mailboxKind = .single
        configuration.prefetch = 7
        let exchange = try RabbitMQExchange(url: "amqp://localhost", namespace: "n", configuration: configuration)
        let decoded = try JSONDecoder().decode(RabbitMQExchange.self, from: try JSONEncoder().encode(exchange))
        #expect(decoded.namespace == "n")
        #expect(decoded.configuration == configuration)
    }

    @Test("has an encoded form that older processes decode: newer settings are in it only when they are set")
    func olderForm() throws {
        let exchange = try RabbitMQExchange(url: "amqp://localhost")
        let plain = String(decoding: try JSONEncoder().encode(exchange), as: UTF8.self)
        #expect(!plain.contains("receiveWindow"))
        let decoded = try JSONDecoder().decode(RabbitMQExchange.self, from: Data(plain.utf8))
        #expect(decoded.configuration.receiveWindowBytes == 64 << 20)
        var configuration = RabbitMQConfiguration()
        configuration.receiveWindowBytes = 1 << 20
        let small = try RabbitMQExchange(url: "amqp://localhost", configuration: configuration)
        let encoded = try JSONEncoder().encode(small)
        let again = try JSONDecoder().decode(RabbitMQExchange.self, from: encoded)
        #expect(again.configuration.receiveWindowBytes == 1 << 20)
    }

    @Test("fails with connectionLost, and soon, where no broker listens")
    func unreachable() async throws {
        let exchange = try RabbitMQExchange(url: "amqp://guest:guest@127.0.0.1:1")
        let start = ContinuousClock.now
        let error = await #expect(throws: ExchangeError.self) { try await exchange.makeUserTransport(name: nil) }
        #expect(error?.code == .connectionLost)
        #expect(error?.delivery == .notSent)
        #expect(start.duration(to: .now) < .seconds(15))
    }
}
