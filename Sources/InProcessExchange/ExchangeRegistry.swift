internal import Foundation
internal import Synchronization

/// The exchanges of this process by identifier, so that a decoded factory finds its exchange. It keeps none of them
/// alive.
enum ExchangeRegistry {
    private struct Entry {
        weak var core: ExchangeCore?
    }

    private static let entries = Mutex<[UUID: Entry]>([:])

    static func add(_ core: ExchangeCore) {
        entries.withLock { $0[core.id] = Entry(core: core) }
    }

    static func find(_ id: UUID) -> ExchangeCore? {
        entries.withLock { $0[id]?.core }
    }

    static func remove(_ id: UUID) {
        entries.withLock { $0[id] = nil }
    }
}
