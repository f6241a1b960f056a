import AgentExchange
import Agents
import ArgumentParser

/// A small agent of the tool, to try an exchange with.
enum BuiltInAgent: String, CaseIterable, ExpressibleByArgument, Sendable {
    case echo
    case counter
    case sleeper

    /// What it is discovered by: `Warren.Echo` and so on, all of them below `Warren.BuiltIn`.
    var type: AgentType {
        switch self {
        case .echo: Echo.agentType
        case .counter: Counter.agentType
        case .sleeper: Sleeper.agentType
        }
    }

    /// A new one.
    func makeAgent() -> any Agent {
        switch self {
        case .echo: EchoAgent()
        case .counter: CounterAgent()
        case .sleeper: SleeperAgent()
        }
    }
}

/// What all of them can be asked.
struct BuiltIn: AgentInterface {
    static let typeName = "Warren.BuiltIn"

    let fail = Action<Void, String>("fail")
    let stream = StreamedAction<Int, Int>("stream")
}

extension Actions.Builder {
    /// Binds what all of them do.
    mutating func bind(_ builtIn: KeyPath<Interface, BuiltIn>) {
        on(builtIn.appending(path: \.fail)) { _, text in
            throw Failure(.remote, text, type: "Warren.Failed")
        }
        produce(builtIn.appending(path: \.stream)) { _, parts, count in
            var number = 0
            while number < count {
                try await parts.send(number)
                number += 1
            }
        }
    }
}
