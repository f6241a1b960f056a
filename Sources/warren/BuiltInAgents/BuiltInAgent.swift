import AgentExchange
import ArgumentParser
import Synchronization

/// A small agent of the tool, to try an exchange with.
enum BuiltInAgent: String, CaseIterable, ExpressibleByArgument, Sendable {
    case echo
    case counter
    case sleeper

    /// What it is discovered by: `Warren.Echo` and so on, all of them below `Warren.BuiltIn`.
    var type: AgentType {
        AgentType("Warren.\(name)", parents: [AgentType("Warren.BuiltIn")])
    }

    private var name: String {
        switch self {
        case .echo: "Echo"
        case .counter: "Counter"
        case .sleeper: "Sleeper"
        }
    }

    /// A new one.
    func makeActions() -> any BuiltInActions {
        switch self {
        case .echo: EchoActions()
        case .counter: CounterActions()
        case .sleeper: SleeperActions()
        }
    }
}

/// What a built-in agent does besides what all of them do.
protocol BuiltInActions: Sendable {
    /// Runs an action; `nil` when it has none of this name.
    func run(_ name: String, _ arguments: ActionArguments) async throws -> JSONValue?
}

/// `echo(x)` gives back what it got.
struct EchoActions: BuiltInActions {
    func run(_ name: String, _ arguments: ActionArguments) async throws -> JSONValue? {
        name == "echo" ? try arguments.decode(JSONValue.self) : nil
    }
}

/// `add(n)` adds to a total and returns it, `total()` only returns it.
final class CounterActions: BuiltInActions {
    private let total = Mutex<Int64>(0)

    func run(_ name: String, _ arguments: ActionArguments) async throws -> JSONValue? {
        switch name {
        case "add":
            let number = try arguments.decode(Int64.self)
            return try total.withLock { total in
                let (sum, isOver) = total.addingReportingOverflow(number)
                if isOver { throw Failure(.remote, "the total is too large", type: "Warren.Overflow") }
                total = sum
                return .integer(sum)
            }
        case "total":
            return .integer(total.withLock { $0 })
        default:
            return nil
        }
    }
}

/// `sleep(seconds)` waits, or until it is cancelled.
struct SleeperActions: BuiltInActions {
    func run(_ name: String, _ arguments: ActionArguments) async throws -> JSONValue? {
        guard name == "sleep" else { return nil }
        let seconds = try arguments.decode(Double.self)
        guard (0...86_400).contains(seconds) else {
            throw Failure(.remote, "sleep takes 0 to 86,400 seconds", type: "Warren.OutOfRange")
        }
        try await Task.sleep(for: .milliseconds(Int64(seconds * 1000)))
        return .number(seconds)
    }
}
