import AMQP
import ExchangeTestKit
import Foundation
import Testing

@Suite("A function that a publisher calls at the next turn of its thread", BrokerFixture.needsBroker)
struct NextTurnTests {
    @Test("is called once: at once without a connection, else on its thread, also when the connection ends meanwhile")
    func once() async throws {
        var configuration = try ConnectionConfiguration(url: try await PrivateBroker.shared().amqpURL)
        configuration.name = "AMQPTests"
        let connection = RecoveringConnection(configuration: configuration, logger: BrokerFixture.quiet)
        let publisher = Publisher(connection: connection, name: UUID().uuidString)
        let calls = Monitor(0)
        publisher.atNextTurn { calls.update { $0 += 1 } }
        #expect(calls.value == 1)
        try await connection.open()
        let runs = [
            Task { await connection.run { (_) throws(AMQPError) in } },
            Task { await publisher.run() },
        ]
        // What it publishes is confirmed.
        let confirms = Monitor(0)
        let publication = Publication(exchange: "", routingKey: "x", body: Data("x".utf8))
        @Sendable func publish() {
            _ = publisher.publish(publication, deadline: .soon) { result in
                if case .success = result { confirms.update { $0 += 1 } }
            }
        }
        try await publisher.publish(publication, deadline: .soon)
        for _ in 0..<100 { publisher.atNextTurn(publish) }
        try await confirms.wait(for: "100 confirms", timeout: .seconds(20)) { $0 == 100 ? true : nil }
        for round in 0..<200 {
            if round == 100 { await connection.close(timeout: .seconds(5)) }
            publisher.atNextTurn { calls.update { $0 += 1 } }
        }
        try await calls.wait(for: "201 calls", timeout: .seconds(20)) { $0 == 201 ? true : nil }
        for run in runs { await run.value }
    }
}
