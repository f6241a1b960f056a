import AgentExchange
import ArgumentParser
import Foundation
import RabbitMQExchange

/// The options that every command has.
struct CommonOptions: ParsableArguments, Sendable {
    @Option(help: ArgumentHelp("The broker; better in WARREN_BROKER: others can see arguments.", valueName: "url"))
    var broker: String?

    @Option(help: ArgumentHelp("The namespace on the broker, or WARREN_NAMESPACE.", valueName: "name"))
    var namespace: String?

    @Flag(help: "Print JSON.")
    var json = false

    /// A RabbitMQ that was installed and not configured.
    static let defaultBroker = "amqp://guest:guest@127.0.0.1:5672"

    private static func variable(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The URL, with the password.
    var brokerURL: String { broker ?? Self.variable("WARREN_BROKER") ?? Self.defaultBroker }

    /// The namespace.
    var chosenNamespace: String { namespace ?? Self.variable("WARREN_NAMESPACE") ?? "default" }

    /// The exchange that the options name. Connects nothing.
    ///
    /// - Parameters:
    ///   - role: What the connections are called on the broker, after `warren`; those with the same are shared.
    ///   - namespace: A namespace of its own.
    ///   - patience: How long to try to connect while the broker can't be reached.
    func exchange(
        _ role: String = "command",
        namespace: String? = nil,
        patience: Duration? = nil
    ) throws -> RabbitMQExchange {
        var configuration = RabbitMQConfiguration()
        configuration.connectPatience = patience
        configuration.connectionName = "warren \(role) \(ProcessInfo.processInfo.processIdentifier)"
        do throws(ExchangeError) {
            return try RabbitMQExchange(
                url: brokerURL,
                namespace: namespace ?? chosenNamespace,
                configuration: configuration
            )
        } catch {
            throw CommandFailure(error)
        }
    }

    /// Connects to look and to administer.
    func withAdministration<Result: Sendable>(
        namespace: String? = nil,
        _ body: (ExchangeAdministration) async throws -> Result
    ) async throws -> Result {
        let exchange = try exchange("administration", namespace: namespace)
        let administration = try await connecting(to: exchange) { () throws(ExchangeError) in
            try await exchange.openAdministration()
        }
        do {
            let result = try await body(administration)
            await uncancelled { await administration.close() }
            return result
        } catch {
            await uncancelled { await administration.close() }
            throw error
        }
    }

    /// Connects as a user, who can call agents.
    func withUser<Result: Sendable>(_ body: (UserExchangeClient) async throws -> Result) async throws -> Result {
        try await with({ (exchange) throws(ExchangeError) in try await exchange.makeUserClient(name: "warren") }, body)
    }

    /// Connects as a user that is not registered, and leaves nothing on the broker.
    func withVisitor<Result: Sendable>(_ body: (UserExchangeClient) async throws -> Result) async throws -> Result {
        try await with(
            { (exchange) throws(ExchangeError) in try await exchange.makeVisitorClient(name: "warren") },
            body
        )
    }

    private func with<Result: Sendable>(
        _ make: (RabbitMQExchange) async throws(ExchangeError) -> UserExchangeClient,
        _ body: (UserExchangeClient) async throws -> Result
    ) async throws -> Result {
        let exchange = try exchange()
        let client = try await connecting(to: exchange) { () throws(ExchangeError) in
            try await make(exchange)
        }
        do {
            let result = try await body(client)
            await uncancelled { await client.close() }
            return result
        } catch {
            await uncancelled { await client.close() }
            throw error
        }
    }

    /// Whatever goes wrong while connecting is the broker's refusal.
    func connecting<Result>(
        to exchange: RabbitMQExchange,
        _ body: () async throws(ExchangeError) -> Result
    ) async throws -> Result {
        do throws(ExchangeError) {
            return try await body()
        } catch {
            if error.code == .cancelled { throw CancellationError() }
            throw CommandFailure(connecting: error, to: exchange.brokerDescription)
        }
    }
}
