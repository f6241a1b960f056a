internal import Foundation
internal import Synchronization

/// The record of the actions that an agent's client runs and has ended. It keeps no arguments alive.
final class ActivityLog: Sendable {
    private struct State {
        var running: [RequestKey: ServedAction] = [:]
        var failures = Last<ServedAction>(AgentActivity.maximumFailures)
        var finished: Last<ServedAction>
    }

    private let state: Mutex<State>

    init(history: Int) {
        state = Mutex(State(finished: Last(min(max(0, history), ClientConfiguration.maximumActivityHistory))))
    }

    /// Records that an action begins. Other requests are not recorded.
    func begin(_ request: Request) {
        guard let action = ServedAction(request, began: .now) else { return }
        state.withLock { $0.running[RequestKey(source: request.source, tag: request.tag)] = action }
    }

    /// Records that a request has ended; `nil` when it was given back.
    func end(_ request: Request, _ response: Response?) {
        let key = RequestKey(source: request.source, tag: request.tag)
        state.withLock { state in
            guard let action = state.running.removeValue(forKey: key), let response else { return }
            let ended = action.ended(.now, response.outcome)
            state.finished.append(ended)
            if ended.code != nil { state.failures.append(ended) }
        }
    }

    var activity: AgentActivity {
        let (running, failures, finished) = state.withLock { state in
            (Array(state.running.values), state.failures.newestFirst, state.finished.newestFirst)
        }
        return AgentActivity(
            running: Array(running.sorted { $0.began < $1.began }.prefix(AgentActivity.maximumRunning)),
            runningCount: running.count,
            failures: failures,
            finished: finished
        )
    }
}

/// The last elements of a sequence.
private struct Last<Element: Sendable>: Sendable {
    private let limit: Int
    private var elements: [Element] = []
    /// The place of the oldest element, once the limit is reached.
    private var oldest = 0

    init(_ limit: Int) { self.limit = limit }

    mutating func append(_ element: Element) {
        guard limit > 0 else { return }
        guard elements.count == limit else { return elements.append(element) }
        elements[oldest] = element
        oldest = (oldest + 1) % limit
    }

    var newestFirst: [Element] { (elements[oldest...] + elements[..<oldest]).reversed() }
}
