import Synchronization

/// A number of places for work that costs the broker or the machine something. Work without a place is refused at once.
final class Places: Sendable {
    private let taken = Mutex(0)
    private let limit: Int
    private let name: String

    /// - Parameter name: The work, for the error.
    init(_ limit: Int, _ name: String) {
        self.limit = limit
        self.name = name
    }

    /// Takes a place, which ``leave()`` gives back.
    ///
    /// - Throws: ``CommandFailure`` with the code `busy` when none is free.
    func enter() throws(CommandFailure) {
        let isFree = taken.withLock { taken in
            guard taken < limit else { return false }
            taken += 1
            return true
        }
        guard isFree else { throw CommandFailure("too many clients: \(limit) \(name) at a time", code: "busy") }
    }

    /// Gives a place back.
    func leave() { taken.withLock { $0 -= 1 } }

    /// Does work in a place.
    ///
    /// - Throws: ``CommandFailure`` with the code `busy` when none is free, and each error of the work.
    nonisolated(nonsending) func with<Result>(_ work: () async throws -> Result) async throws -> Result {
        try enter()
        defer { leave() }
        return try await work()
    }
}
