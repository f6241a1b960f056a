import Agents

struct Text: AgentInterface {
    let change = Action<String, String>("change")
}

struct Lowerer: Agent {
    static let actions = Actions<Lowerer, Text> {
        $0.on(\.change) { $1.lowercased() }
    }
}

struct Reverser: Agent {
    static let actions = Actions<Reverser, Text> {
        $0.on(\.change) { String($1.reversed()) }
    }
}

struct Pipeline: Agent {
    let first: Handle<Text>
    let second: Handle<Text>

    static let actions = Actions<Pipeline, Text> {
        $0.on(\.change) { try await $0.second.change(try await $0.first.change($1)) }
    }
}
