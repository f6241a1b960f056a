import AgentExchange
import Agents
import ArgumentParser

/// A small agent of the tool for trying an exchange.
enum BuiltInAgent: String, CaseIterable, ExpressibleByArgument, Sendable {
    case echo
    case counter
    case sleeper

    /// The type for discovery: `Warren.Echo` and so on, all of them below `Warren.BuiltIn`.
    var type: AgentType {
        switch self {
        case .echo: Echo.agentType
        case .counter: Counter.agentType
        case .sleeper: Sleeper.agentType
        }
    }

    /// Makes a new agent.
    func makeAgent() -> any Agent {
        switch self {
        case .echo: EchoAgent()
        case .counter: CounterAgent()
        case .sleeper: SleeperAgent()
        }
    }
}

/// The interface that all of them share.
struct BuiltIn: AgentInterface {
    static let typeName = "Warren.BuiltIn"

    let fail = Action<Void, String>("fail")
    let stream = StreamedAction<Int, Int>("stream")
}

extension Actions.Builder {
    /// Binds the actions that all of them share.
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
