import AgentExchange
import ArgumentParser
import Foundation
import RabbitMQExchange

/// The options of every command.
struct CommonOptions: ParsableArguments, Sendable {
    @Option(help: ArgumentHelp("The broker; better in WARREN_BROKER: others can see arguments.", valueName: "url"))
    var broker: String?

    @Option(help: ArgumentHelp("The namespace on the broker, or WARREN_NAMESPACE.", valueName: "name"))
    var namespace: String?

    @Flag(help: "Print JSON.")
    var json = false

    /// A freshly installed RabbitMQ without configuration.
    static let defaultBroker = "amqp://guest:guest@127.0.0.1:5672"

    /// The URL, with the password.
    var brokerURL: String { broker ?? RabbitMQExchange.environmentURL ?? Self.defaultBroker }

    /// The namespace.
    var chosenNamespace: String { namespace ?? RabbitMQExchange.environmentNamespace ?? "default" }

    /// Returns the exchange that the options name, without connecting.
    ///
    /// - Parameters:
    ///   - role: The name of the connections on the broker, after `warren`. Connections with the same role are shared.
    ///   - namespace: A namespace instead of the options' one.
    ///   - patience: How long to retry while the broker can't be reached.
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

    /// Connects to inspect and administer.
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

    /// Connects as a user that can call agents.
    func withUser<Result: Sendable>(_ body: (UserExchangeClient) async throws -> Result) async throws -> Result {
        try await with({ (exchange) throws(ExchangeError) in try await exchange.makeUserClient(name: "warren") }, body)
    }

    /// Connects as a user that is not registered, and leaves no trace on the broker.
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

    /// Reports any error while connecting as a refusal of the broker.
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
