import AgentExchange
import Agents

/// `add(n)` adds to a total and returns it, `total()` only returns it.
struct Counter: AgentInterface {
    static let typeName = "Warren.Counter"

    let builtIn = BuiltIn()
    let add = Action<Int64, Int64>("add")
    let total = Action<Int64>("total")
}

actor CounterAgent: Agent {
    static let actions = Actions<CounterAgent, Counter> {
        $0.bind(\.builtIn)
        $0.on(\.add) { try await $0.add($1) }
        $0.on(\.total) { await $0.total }
    }

    private var total: Int64 = 0

    private func add(_ number: Int64) throws -> Int64 {
        let (sum, isOver) = total.addingReportingOverflow(number)
        if isOver { throw Failure(.remote, "the total is too large", type: "Warren.Overflow") }
        total = sum
        return sum
    }
}
