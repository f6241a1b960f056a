internal import Synchronization

/// A message of which it is said, by another thread, when it is known what became of it. That costs no lock while nobody
/// waits for it.
final class Sending: Sendable {
    private enum State: UInt8, AtomicRepresentable {
        case onItsWay, awaited, known
    }

    private let state = Atomic(State.onItsWay)

    /// Returns whether it is not known yet: then ``end()`` tells that it is waited for.
    func wait() -> Bool {
        state.compareExchange(expected: .onItsWay, desired: .awaited, ordering: .acquiringAndReleasing).original
            != .known
    }

    /// It is known. Returns whether that is waited for.
    func end() -> Bool { state.exchange(.known, ordering: .acquiringAndReleasing) == .awaited }
}
