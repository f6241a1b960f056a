import Agents
import Synchronization

/// What a test asks the process.
struct Work: AgentInterface {
    static let typeName = "Test.Work"

    let work = Action<Int, Int>("work")
}

/// Works until it is let go, and says what happens to it.
struct Worker: Agent {
    let gate: Gate

    static let actions = Actions<Worker, Work> {
        $0.on(\.work) { worker, number in
            AgentService.say("began \(number)")
            await worker.gate.wait()
            return number
        }
        $0.loop("tell") { _, _ in
            do {
                try await Task.sleep(for: .seconds(3600))
            } catch {
                AgentService.say("stopping")
            }
        }
    }

    func started(_ context: AgentContext) { AgentService.say("started") }
}

/// Holds whoever comes until it is opened.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func wait() async {
        await withCheckedContinuation { waiter in
            let mayPass = state.withLock { state in
                if !state.isOpen { state.waiters.append(waiter) }
                return state.isOpen
            }
            if mayPass { waiter.resume() }
        }
    }

    func open() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
