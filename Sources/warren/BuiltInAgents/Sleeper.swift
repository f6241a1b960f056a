import AgentExchange
import Agents

/// `sleep(seconds)` waits for that time, or until it is cancelled.
struct Sleeper: AgentInterface {
    static let typeName = "Warren.Sleeper"

    let builtIn = BuiltIn()
    let sleep = Action<Double, Double>("sleep")
}

struct SleeperAgent: Agent {
    static let actions = Actions<SleeperAgent, Sleeper> {
        $0.bind(\.builtIn)
        $0.on(\.sleep) { _, seconds in
            guard (0...86_400).contains(seconds) else {
                throw Failure(.remote, "sleep takes 0 to 86,400 seconds", type: "Warren.OutOfRange")
            }
            try await Task.sleep(for: .milliseconds(Int64(seconds * 1000)))
            return seconds
        }
    }
}
