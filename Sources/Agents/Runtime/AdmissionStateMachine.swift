internal import DequeModule

/// Decides which requests run and which wait, by the limits of the agent and of its actions. First come, first served,
/// but a request that waits for its action's limit lets requests for other actions pass.
struct AdmissionStateMachine<Waiter> {
    private let limit: Int
    private let limits: [String: Int]
    private var running: [String: Int] = [:]
    private var total = 0
    private var queue: Deque<(number: Int, action: String, waiter: Waiter)> = []
    private(set) var isClosed = false

    /// The decision about a request.
    enum Decision: Equatable {
        case run, wait, leave
    }

    init(limit: Int?, limits: [String: Int]) {
        self.limit = limit ?? .max
        self.limits = limits
    }

    /// The number of running requests.
    var runningCount: Int { total }

    /// The number of waiting requests.
    var waitingCount: Int { queue.count }

    /// Records a new request. Keeps its waiter if it has to wait.
    mutating func arrive(_ number: Int, _ action: String, _ waiter: Waiter) -> Decision {
        if isClosed { return .leave }
        guard hasRoom(for: action) else {
            queue.append((number, action, waiter))
            return .wait
        }
        begin(action)
        return .run
    }

    /// Admits a new request if it may run at once. Otherwise nothing changes and it returns `false`.
    mutating func enter(_ action: String) -> Bool {
        guard !isClosed, hasRoom(for: action) else { return false }
        begin(action)
        return true
    }

    /// Records the end of an admitted request. Returns the requests that may run now.
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

    /// Removes a waiting request that was cancelled.
    mutating func cancel(_ number: Int) -> Waiter? {
        guard let index = queue.firstIndex(where: { $0.number == number }) else { return nil }
        return queue.remove(at: index).waiter
    }

    /// Refuses all further requests. Returns the waiting ones.
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
