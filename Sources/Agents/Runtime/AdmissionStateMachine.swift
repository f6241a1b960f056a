internal import DequeModule

/// Which requests run and which wait, by the limits of the agent and of its actions. First come, first served, except that
/// a request which waits for its action's limit lets requests for other actions pass.
struct AdmissionStateMachine<Waiter> {
    private let limit: Int
    private let limits: [String: Int]
    private var running: [String: Int] = [:]
    private var total = 0
    private var queue: Deque<(number: Int, action: String, waiter: Waiter)> = []
    private(set) var isClosed = false

    /// What becomes of a request.
    enum Decision: Equatable {
        case run, wait, leave
    }

    init(limit: Int?, limits: [String: Int]) {
        self.limit = limit ?? .max
        self.limits = limits
    }

    /// How many run.
    var runningCount: Int { total }

    /// How many wait.
    var waitingCount: Int { queue.count }

    /// A request comes. Its waiter is kept when it has to wait.
    mutating func arrive(_ number: Int, _ action: String, _ waiter: Waiter) -> Decision {
        if isClosed { return .leave }
        guard hasRoom(for: action) else {
            queue.append((number, action, waiter))
            return .wait
        }
        begin(action)
        return .run
    }

    /// A request comes. Returns whether it may run at once; else it is as if it had not come.
    mutating func enter(_ action: String) -> Bool {
        guard !isClosed, hasRoom(for: action) else { return false }
        begin(action)
        return true
    }

    /// A request that was let in is done. Returns those that may run now.
    mutating func leave(_ action: String) -> [Waiter] {
        total -= 1
        if limits[action] != nil { running[action, default: 1] -= 1 }
        var admitted: [Waiter] = []
        var index = queue.startIndex
        while total < limit, index < queue.endIndex {
            let next = queue[index]
            if hasRoom(for: next.action) {
                begin(next.action)
                admitted.append(next.waiter)
                queue.remove(at: index)
            } else {
                index += 1
            }
        }
        return admitted
    }

    /// A request that waits is cancelled.
    mutating func cancel(_ number: Int) -> Waiter? {
        guard let index = queue.firstIndex(where: { $0.number == number }) else { return nil }
        return queue.remove(at: index).waiter
    }

    /// Lets nobody in any more. Returns those that waited.
    mutating func close() -> [Waiter] {
        isClosed = true
        defer { queue = [] }
        return queue.map(\.waiter)
    }

    private func hasRoom(for action: String) -> Bool {
        guard total < limit else { return false }
        guard let ofAction = limits[action] else { return true }
        return running[action, default: 0] < ofAction
    }

    private mutating func begin(_ action: String) {
        total += 1
        if limits[action] != nil { running[action, default: 0] += 1 }
    }
}
