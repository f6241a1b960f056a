import AgentExchange
import Agents
import ExchangeTestKit
import Foundation
import RabbitMQExchange

/// A namespace of one test on the broker that all tests share.
struct BrokerScene: Sendable {
    let namespace = "test-" + UUID().uuidString.prefix(8).lowercased()

    /// A factory; those with the same session name share a session.
    func exchange(_ session: String = "one") async throws -> RabbitMQExchange {
        var configuration = RabbitMQConfiguration()
        configuration.connectionName = "\(namespace) \(session)"
        return try RabbitMQExchange(
            url: try await PrivateBroker.shared().amqpURL,
            namespace: namespace,
            configuration: configuration,
            logger: LogRecorder().logger
        )
    }

    /// Waits until the broker shows so many messages of a mailbox as ready, and so many as handed out.
    func messages(of agent: AgentID, ready: Int, unacknowledged: Int) async throws {
        let name = "warren.\(namespace).agent.\(agent.uuid.uuidString.lowercased())"
        let broker = try await PrivateBroker.shared()
        try await eventually(
            "\(ready) ready, \(unacknowledged) unacknowledged",
            value: {
                let queue = try await broker.management.queue(name)
                return "\(queue?.ready ?? -1) and \(queue?.unacknowledged ?? -1)"
            }
        ) { $0 == "\(ready) and \(unacknowledged)" }
    }
}
