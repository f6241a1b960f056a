import ChaosLedger
import ExchangeTestKit
import Foundation
import RabbitMQExchange

/// One run: everybody begins, the nemesis breaks things, everything is healed, everybody finishes.
struct ChaosRun {
    private let options: Options
    private let brokers: Brokers
    private let cast: Cast

    /// Sessions that notice a silent peer after 4 s and reconnect within a second.
    private static func configuration(_ options: Options) -> RabbitMQConfiguration {
        var configuration = RabbitMQConfiguration()
        configuration.mailboxKind = options.isReplicated ? .replicated : .single
        configuration.prefetch = 32
        if options.renews { configuration.acknowledgementTimeout = .seconds(4) }
        configuration.heartbeat = .seconds(2)
        configuration.operationTimeout = .seconds(6)
        configuration.reconnectDelay = .milliseconds(50)
        configuration.maximumReconnectDelay = .seconds(1)
        return configuration
    }

    init(_ options: Options, _ directory: String) async throws {
        self.options = options
        brokers = try await Brokers.start(options.nodes)
        do {
            cast = try await Cast(
                brokers,
                directory,
                Self.configuration(options),
                options
            )
        } catch {
            await brokers.stop()
            throw error
        }
    }

    func run() async throws {
        do {
            try await cast.begin()
            let nemesis = Nemesis(cast, brokers, NemesisPlan(options), isQuiet: options.isJSON)
            try await nemesis.run(for: .seconds(options.minutes * 60))
            try await brokers.waitUntilWhole()
            // Long enough for everybody to ask everybody again.
            try await Task.sleep(for: .seconds(6))
            try await cast.finish(patience: 60)
        } catch {
            await end()
            throw error
        }
        await end()
    }

    private func end() async {
        await cast.stop()
        await brokers.stop()
    }
}
