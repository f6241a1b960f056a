internal import AgentExchange

/// The requests that went back to the broker before they were handed out: a pure value. The broker counts each return as an
/// attempt, which it is not.
///
/// Another receiver may get such a request, so at most ``limit`` are remembered; then all are forgotten.
struct ReturnedRequests: Sendable {
    /// The number of remembered requests.
    static let limit = 1024

    private var times: [RequestKey: Int] = [:]

    /// Records that a request went back.
    mutating func note(_ key: RequestKey) {
        if times.count >= Self.limit, times[key] == nil { times = [:] }
        times[key, default: 0] += 1
    }

    /// Forgets a request that was answered or given up.
    mutating func forget(_ key: RequestKey) {
        if !times.isEmpty { times[key] = nil }
    }

    /// Returns the attempt without the returns that the broker counted.
    func attempt(_ counted: Int, of key: RequestKey) -> Int {
        times.isEmpty ? counted : max(1, counted - (times[key] ?? 0))
    }
}
