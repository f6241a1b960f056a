import AgentExchange
import ExchangeTestKit
import Foundation
import InProcessExchange
import RabbitMQExchange
import Testing
import WorkerRuntime

/// The exchanges that requests are tested on.
enum Kind: String, CaseIterable, CustomTestStringConvertible {
    case inProcess, rabbitMQ

    var testDescription: String { rawValue }

    /// The kinds that can be tested on this machine.
    static var all: [Kind] { PrivateBroker.isInstalled ? allCases : [.inProcess] }

    func exchange() async throws -> any ExchangeFactory {
        switch self {
        case .inProcess: return InProcessExchange(logger: LogRecorder().logger)
        case .rabbitMQ:
            return try RabbitMQExchange(
                url: try await PrivateBroker.shared().amqpURL,
                namespace: "test-" + UUID().uuidString.prefix(8).lowercased(),
                logger: LogRecorder().logger
            )
        }
    }
}

extension ExchangeFactory {
    /// The exchange, on connections of its own.
    func apart() async throws -> any ExchangeFactory {
        guard let exchange = self as? RabbitMQExchange else { return self }
        var configuration = RabbitMQConfiguration()
        configuration.connectionName = UUID().uuidString
        return try RabbitMQExchange(
            url: try await PrivateBroker.shared().amqpURL,
            namespace: exchange.namespace,
            configuration: configuration,
            logger: LogRecorder().logger
        )
    }
}

extension WorkerConfiguration {
    /// The defaults, with a log that the test can read.
    static func test(
        _ log: LogRecorder = LogRecorder(),
        configure: (inout WorkerConfiguration) -> Void = { _ in }
    ) -> WorkerConfiguration {
        var configuration = WorkerConfiguration(client: ClientConfiguration(logger: log.logger))
        configuration.client.requestDeadline = .seconds(30)
        configure(&configuration)
        return configuration
    }
}

/// Runs a body with a runtime, and stops it afterwards.
func withWorkers(
    on exchange: any ExchangeFactory = InProcessExchange(),
    _ configuration: WorkerConfiguration = .test(),
    isolation: isolated (any Actor)? = #isolation,
    _ body: (WorkerRuntime, Stage) async throws -> Void
) async throws {
    let workers = try await WorkerRuntime(on: exchange, configuration: configuration)
    do {
        try await body(workers, Stage())
    } catch {
        await workers.stop()
        throw error
    }
    await workers.stop()
}

extension WorkerRuntime {
    /// Registers a type of clerks.
    func registerClerks(
        _ type: String,
        _ stage: Stage,
        subscriptions: [Subscription.Rule] = [],
        options: AgentTypeOptions = AgentTypeOptions()
    ) async throws {
        try await register(type, expecting: Clerk.self, subscriptions: subscriptions, options: options) {
            Clerk(stage: stage, address: $0.address)
        }
    }

    func ask(_ text: String, _ address: AgentAddress) async throws -> String? {
        try await send(Ask(text: text), to: address, returning: Answer.self)?.text
    }
}

/// Checks the code and the outcome of an error.
func fails(
    _ code: ExchangeError.Code,
    _ delivery: DeliveryOutcome,
    isolation: isolated (any Actor)? = #isolation,
    location: Testing.SourceLocation = #_sourceLocation,
    _ body: () async throws -> Void
) async {
    do {
        try await body()
        Issue.record("no error instead of \(code)", sourceLocation: location)
    } catch let error as ExchangeError {
        #expect(error.code == code, "\(error)", sourceLocation: location)
        #expect(error.delivery == delivery, "\(error)", sourceLocation: location)
    } catch {
        Issue.record("\(error) instead of \(code)", sourceLocation: location)
    }
}
