#if AutoGen
    internal import DequeModule
    internal import Primitives
    internal import Synchronization

    /// A number of permits, which are taken in the order of asking.
    final class Permits: Sendable {
        private struct State {
            var free: Int
            var waiting: Deque<OneShot<Void>> = []
        }

        private let state: Mutex<State>

        init(_ number: Int) {
            state = Mutex(State(free: max(1, number)))
        }

        /// Waits for a permit. Returns `false` when the task is cancelled first.
        func take() async -> Bool {
            let turn: OneShot<Void>? = state.withLock { state in
                if state.free > 0 {
                    state.free -= 1
                    return nil
                }
                let turn = OneShot<Void>()
                state.waiting.append(turn)
                return turn
            }
            guard let turn else { return true }
            if await turn.wait() != nil { return true }
            // The permit may have come at the same moment.
            if turn.set(()) { return false }
            give()
            return false
        }

        /// Gives a permit back.
        func give() {
            while true {
                let next: OneShot<Void>? = state.withLock { state in
                    guard let next = state.waiting.popFirst() else {
                        state.free += 1
                        return nil
                    }
                    return next
                }
                // A cancelled task takes none.
                guard let next, !next.set(()) else { return }
            }
        }
    }
#endif
