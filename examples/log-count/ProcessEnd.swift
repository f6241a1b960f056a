import Synchronization

/// The end of a process: told once, waited for by anyone, also by a task that was cancelled.
final class ProcessEnd: Sendable {
    private enum State {
        case running(waiting: [CheckedContinuation<String, Never>])
        case ended(String)
    }

    private let state = Mutex(State.running(waiting: []))

    /// The process ended, in the given way.
    func tell(_ how: String) {
        let waiting: [CheckedContinuation<String, Never>] = state.withLock { state in
            guard case .running(let waiting) = state else { return [] }
            state = .ended(how)
            return waiting
        }
        for continuation in waiting { continuation.resume(returning: how) }
    }

    /// Waits for the end.
    func wait() async -> String {
        await withCheckedContinuation { continuation in
            let how: String? = state.withLock { state in
                switch state {
                case .ended(let how):
                    return how
                case .running(let waiting):
                    state = .running(waiting: waiting + [continuation])
                    return nil
                }
            }
            if let how { continuation.resume(returning: how) }
        }
    }
}
