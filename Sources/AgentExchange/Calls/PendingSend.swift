internal import Synchronization

/// A send whose outcome another thread reports. It takes no lock while the outcome is not awaited.
final class PendingSend: Sendable {
    private enum State: UInt8, AtomicRepresentable {
        case onItsWay, awaited, known
    }

    private let state = Atomic(State.onItsWay)

    /// Marks the outcome as awaited. Returns `false` if it is already known.
    func wait() -> Bool {
        state.compareExchange(expected: .onItsWay, desired: .awaited, ordering: .acquiringAndReleasing).original
            != .known
    }

    /// Marks the outcome as known. Returns whether it is awaited.
    func end() -> Bool { state.exchange(.known, ordering: .acquiringAndReleasing) == .awaited }
}
