import AgentExchange
import Agents

/// `echo(x)` returns its argument as it was written.
struct Echo: AgentInterface {
    static let typeName = "Warren.Echo"

    let builtIn = BuiltIn()
    let echo = Action<JSONText, JSONText>("echo")
}

struct EchoAgent: Agent {
    static let actions = Actions<EchoAgent, Echo> {
        $0.bind(\.builtIn)
        $0.on(\.echo) { _, value in value }
    }
}
