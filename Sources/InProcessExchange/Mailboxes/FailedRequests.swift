public import AgentExchange
internal import DequeModule
internal import Foundation
internal import Synchronization

/// The failed requests that an exchange keeps, oldest first.
struct FailedRequests: Sendable {
    /// The most requests that are kept. Beyond it the oldest is dropped.
    static let limit = 1000

    private var entries: Deque<(failed: FailedRequest, end: Date)> = []

    /// The requests whose time is not over.
    func requests(at now: Date) -> [FailedRequest] { entries.filter { $0.end > now }.map(\.failed) }

    /// Adds a request.
    mutating func add(_ failed: FailedRequest, until end: Date) {
        entries.append((failed, end))
        if entries.count > Self.limit { entries.removeFirst() }
    }
}

extension InProcessExchange {
    /// The requests that ended in an error and were kept, oldest first: the last 1,000.
    public var failedRequests: [FailedRequest] { core.failed.withLock { $0.requests(at: .now) } }
}
