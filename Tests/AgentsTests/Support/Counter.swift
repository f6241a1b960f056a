import Agents

struct Counter: AgentInterface {
    let add = Action<Int, Int>("add")
    let total = Action<Int>("total")
}

actor MyCounter: Agent {
    static let actions = Actions<MyCounter, Counter> {
        $0.on(\.add) { await $0.add($1) }
        $0.on(\.total) { await $0.count }
        $0.every(.seconds(1), "tick") { counter, _ in _ = await counter.add(1) }
    }

    var count = 0

    func add(_ number: Int) -> Int {
        count += number
        return count
    }
}
