import AMQP
import ExchangeTestKit
import Foundation
import Logging
import Testing

/// Connections and names for tests with a real broker.
enum BrokerFixture {
    static let needsBroker: any SuiteTrait = .enabled(
        if: PrivateBroker.isInstalled,
        Comment(rawValue: PrivateBroker.missingReason)
    )

    static let needsBrokerTest: any TestTrait = .enabled(
        if: PrivateBroker.isInstalled,
        Comment(rawValue: PrivateBroker.missingReason)
    )

    /// A logger that prints nothing.
    static var quiet: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }

    /// Runs `body` with an open connection and closes it.
    static func withConnection<R>(
        to url: String,
        configure: (inout ConnectionConfiguration) -> Void = { _ in },
        _ body: (Connection) async throws -> R
    ) async throws -> R {
        var configuration = try ConnectionConfiguration(url: url)
        configuration.name = "AMQPTests"
        configure(&configuration)
        let connection = Connection(configuration: configuration, logger: quiet)
        do {
            try await connection.open()
            let result = try await body(connection)
            await connection.close(timeout: .seconds(5))
            return result
        } catch {
            await connection.close(timeout: .seconds(5))
            throw error
        }
    }

    /// Runs `body` with a connection to the shared broker.
    static func withConnection<R>(_ body: (Connection) async throws -> R) async throws -> R {
        try await withConnection(to: try await PrivateBroker.shared().amqpURL, body)
    }

    /// A queue name no other test uses.
    static func name(_ what: String) -> String { "test.\(what).\(UUID().uuidString)" }
}

extension Deadline {
    /// Long enough for anything that works.
    static var soon: Deadline { .after(.seconds(20)) }
}
