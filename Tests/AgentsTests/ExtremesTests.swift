import AgentExchange
import Agents
import ExchangeTestKit
import InProcessExchange
import Testing

@Suite("Settings and deadlines at their extremes end no process, and every call ends", .timeLimit(.minutes(5)))
struct ExtremesTests {
    private static let durations: [Duration] = [
        .seconds(Int64.min), .seconds(-1), .zero, .nanoseconds(1), .seconds(1e12), .seconds(Int64.max),
        Duration(secondsComponent: .max, attosecondsComponent: 999_999_999_999_999_999),
    ]
    private static let numbers = [Int.min, -1, 0, 1, Int(Int32.max), Int(UInt32.max), .max]

    /// Settings of the client and of the agent that are durations.
    static let clientDurations: [@Sendable (inout AgentConfiguration, Duration) -> Void] = [
        { $0.client.requestDeadline = $1 }, { $0.client.streamDeadline = $1 }, { $0.client.requesterPatience = $1 },
        { $0.cancellationPatience = $1 }, { $0.gracePeriod = $1 },
    ]

    @Test("Durations of a client and of an agent", arguments: 0..<clientDurations.count)
    func clients(_ number: Int) async throws {
        for duration in Self.durations {
            var configuration = AgentConfiguration.test()
            Self.clientDurations[number](&configuration, duration)
            try await Self.live(InProcessExchange(), configuration)
        }
    }

    @Test("Numbers of an agent and of the in-process exchange", arguments: 0..<4)
    func numbers(_ setting: Int) async throws {
        for number in Self.numbers {
            var (agent, exchange) = (AgentConfiguration.test(), InProcessExchange.Configuration())
            switch setting {
            case 0: agent.maximumConcurrentActions = number
            case 1: exchange.maximumMessageSize = number
            case 2: exchange.prefetch = number
            default: exchange.maximumMailboxLength = number
            }
            try await Self.live(InProcessExchange(configuration: exchange), agent)
        }
    }

    @Test("Deadlines of calls", arguments: durations)
    func deadlines(_ deadline: Duration) async throws {
        try await Self.live(InProcessExchange(), .test(), deadline: deadline)
    }

    /// Runs an agent, calls and stops it. Each step succeeds or has a typed error.
    private static func live(
        _ exchange: InProcessExchange,
        _ configuration: AgentConfiguration,
        deadline: Duration? = nil
    ) async throws {
        let user = try await exchange.makeUserClient(configuration: configuration.client)
        do {
            let desk = try await user.launch(MyDesk(bell: Bell()), configuration: configuration)
            await typed { _ = try await desk.handle.facts(deadline: deadline) }
            await typed { _ = try await desk.handle.ping(timeout: deadline ?? .seconds(10)) }
            await typed { for try await _ in desk.handle.numbers(3, deadline: deadline) {} }
            await typed { _ = try await user.askAll(\Desk.facts, deadline: deadline) }
            await typed { try await desk.handle.shutdown(deadline: deadline) }
            await typed { try await desk.stop() }
        } catch let error as ExchangeError {
            #expect(error.code == .invalidConfiguration, "\(error)")
        }
        await user.close()
    }

    private static func typed(_ step: () async throws -> Void) async {
        do {
            try await step()
        } catch let error as ExchangeError {
            #expect(error.code != .internal, "\(error)")
        } catch {
            Issue.record("an error of another type: \(error)")
        }
    }
}
