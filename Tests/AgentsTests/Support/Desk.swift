import AgentExchange
import Agents
import ExchangeTestKit
import Foundation
import Testing

/// What the desk can be asked: to wait until a test lets it go, and about what it knows of the request.
struct Desk: AgentInterface {
    let wait = Action<String, String>("wait")
    let slow = Action<String, String>("slow")
    let stubborn = Action<String>("stubborn")
    let nested = Action<String, Handle<Desk>, String>("nested")
    let facts = Action<Facts>("facts")
    let numbers = StreamedAction<Int, Int>("numbers")
    let broken = StreamedAction<Int>("broken")

    static let errors: [any CodableError.Type] = [DeskError.self]
}

struct Facts: Codable, Sendable, Equatable {
    var caller: EntityID
    var attempt: Int
    var isRedelivery: Bool
    var secondsLeft: Double
    var agent: AgentID
}

enum DeskError: CodableError, Equatable {
    case broken(after: Int)
}

/// Tells a test what happens in an agent, and lets it decide when actions go on.
final class Bell: Sendable {
    let events = Monitor<[String]>([])
    let released = Monitor<Set<String>>([])

    func ring(_ event: String) {
        events.update { $0.append(event) }
    }

    func release(_ name: String) {
        released.update { _ = $0.insert(name) }
    }

    /// Waits for an event.
    func heard(_ event: String) async throws {
        try await events.wait(for: "the event \(event)", timeout: .seconds(10)) { $0.contains(event) ? true : nil }
    }

    /// Makes a call that ends at its deadline, until the deadline passes while the action runs: a busy machine may need
    /// longer to begin it.
    func late(_ name: String, _ call: (Duration) async throws -> Void) async {
        var deadline = Duration.milliseconds(100)
        while !events.value.contains("began \(name)"), deadline < .seconds(60) {
            let error = await #expect(throws: ExchangeError.self) { try await call(deadline) }
            #expect(error?.code == .deadlineExceeded)
            deadline *= 4
        }
    }

    /// Waits until a test releases the name; tells the test when the task is cancelled.
    func hold(_ name: String) async throws {
        ring("began \(name)")
        do {
            try await released.wait(for: "the release of \(name)", timeout: .seconds(30)) {
                $0.contains(name) ? true : nil
            }
        } catch is CancellationError {
            ring("cancelled \(name)")
            throw CancellationError()
        }
        ring("ended \(name)")
    }
}

struct MyDesk: Agent {
    let bell: Bell

    static let actions = Actions<MyDesk, Desk> {
        $0.on(\.wait) { desk, name in
            try await desk.bell.hold(name)
            return name
        }
        $0.on(\.slow, limit: 1) { desk, name in
            try await desk.bell.hold(name)
            return name
        }
        $0.on(\.stubborn) { desk in
            // A task of its own, which is not cancelled with the action.
            await Task { try? await desk.bell.hold("stubborn") }.value
            return "stubborn"
        }
        $0.on(\.nested) { desk, other, name in
            do {
                return try await other.wait(name, deadline: .seconds(3600))
            } catch let error as ExchangeError {
                desk.bell.ring("nested \(error.code)")
                throw error
            }
        }
        $0.on(\.facts) { _ in
            guard let context = ActionContext.current else { throw DeskError.broken(after: 0) }
            return Facts(
                caller: context.caller,
                attempt: context.attempt,
                isRedelivery: context.isRedelivery,
                secondsLeft: (context.timeLeft ?? .zero) / .seconds(1),
                agent: context.agent.id
            )
        }
        $0.produce(\.numbers) { desk, parts, count in
            do {
                for number in 0..<count {
                    try await parts.send(number)
                    desk.bell.ring("sent \(number)")
                }
            } catch {
                desk.bell.ring("stream cancelled")
                throw error
            }
        }
        $0.on(\.broken) { _ in
            AsyncThrowingStream { stream in
                stream.yield(1)
                stream.yield(2)
                stream.finish(throwing: DeskError.broken(after: 2))
            }
        }
    }

    func started(_ context: AgentContext) async throws { bell.ring("started") }
    func stopping(_ context: AgentContext) async throws { bell.ring("stopping") }
}

extension AgentConfiguration {
    /// The defaults, with nothing on the disk, and a log that the test can read.
    static func test(
        _ log: LogRecorder = LogRecorder(),
        configure: (inout AgentConfiguration) -> Void = { _ in }
    ) -> AgentConfiguration {
        var configuration = AgentConfiguration(client: ClientConfiguration(logger: log.logger))
        configuration.state = .storage(MemoryStateStorage())
        configure(&configuration)
        return configuration
    }
}

/// Runs a body with agents of a new in-process exchange, or another.
func withDesk(
    on exchange: any ExchangeFactory,
    configure: (inout AgentConfiguration) -> Void = { _ in },
    _ body: (AgentScope, LaunchedAgent<Desk>, Bell) async throws -> Void
) async throws {
    let bell = Bell()
    let configuration = AgentConfiguration.test(configure: configure)
    try await withAgents(on: exchange, configuration: configuration.client) { agents in
        let desk = try await agents.launch(MyDesk(bell: bell), name: "desk", configuration: configuration)
        try await body(agents, desk, bell)
    }
}
