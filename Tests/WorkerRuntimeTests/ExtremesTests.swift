import AgentExchange
import ExchangeTestKit
import InProcessExchange
import Testing
import WorkerRuntime

@Suite("Settings of workers at their extremes end no process, and every call ends", .timeLimit(.minutes(5)))
struct ExtremesTests {
    private static let durations: [Duration] = [
        .seconds(Int64.min), .seconds(-1), .zero, .nanoseconds(1), .seconds(1e12), .seconds(Int64.max),
        Duration(secondsComponent: .max, attosecondsComponent: 999_999_999_999_999_999),
    ]
    private static let numbers = [Int.min, -1, 0, 1, 256, 257, Int(Int32.max), .max]

    @Test("Durations of a runtime", arguments: 0..<3)
    func runtimes(_ setting: Int) async throws {
        for duration in Self.durations {
            let configuration = WorkerConfiguration.test {
                switch setting {
                case 0: $0.gracePeriod = duration
                case 1: $0.handOverPeriod = duration
                default: $0.absence = duration
                }
            }
            try await Self.live(configuration, AgentTypeOptions())
            try await Self.live(configuration, AgentTypeOptions(sharing: .shared(slots: 2)))
        }
    }

    @Test("Numbers of a type", arguments: 0..<3)
    func types(_ setting: Int) async throws {
        for number in Self.numbers {
            var options = AgentTypeOptions()
            switch setting {
            case 0: options.maximumAgents = number
            case 1: options.sharing = .shared(slots: number)
            default: options.eventErrors = .retry(number)
            }
            try await Self.live(.test(), options)
        }
    }

    /// Registers a type, sends, publishes and stops. Each step succeeds or has a typed error.
    private static func live(_ configuration: WorkerConfiguration, _ options: AgentTypeOptions) async throws {
        let exchange = InProcessExchange(logger: LogRecorder().logger)
        let workers = try await WorkerRuntime(on: exchange, configuration: configuration)
        let stage = Stage()
        do {
            try await workers.registerClerks("clerk", stage, subscriptions: [.default], options: options)
            try await workers.start()
            await typed { _ = try await workers.ask("hello", AgentAddress("clerk", key: "a")) }
            await typed { _ = try await workers.publish(Note(text: "go"), to: .default) }
        } catch let error as ExchangeError {
            #expect(error.code == .invalidConfiguration, "\(error)")
        }
        await workers.stop()
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
