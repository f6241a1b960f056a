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
