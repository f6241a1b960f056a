internal import Foundation
internal import Synchronization

/// The last requests that their requesters cancelled while they did not run: those that wait for their time are answered
/// when they come, and not run.
final class EarlyCancellations: Sendable {
    /// The number of remembered requests: as many, and up to as many older ones.
    static let capacity = 1024

    private let keys = Mutex(RecentRequests(capacity: capacity))

    /// Remembers a request.
    func insert(_ tag: UUID, of source: EntityID) {
        keys.withLock { _ = $0.insert(RequestKey(source: source, tag: tag)) }
    }

    /// Returns whether a request that waited for its time was cancelled meanwhile.
    func contains(_ request: Request) -> Bool {
        guard request.notBefore != nil else { return false }
        return keys.withLock { $0.contains(RequestKey(source: request.source, tag: request.tag)) }
    }
}
