#if Hybrid
    internal import NIOCore
    internal import Synchronization

    /// The channels of one attempt to reach an endpoint, which may have several addresses.
    final class DialAttempt: Sendable {
        private struct State {
            var channels: [any Channel] = []
            var isCancelled = false
        }

        private let state = Mutex(State())

        /// Keeps a channel that is about to connect.
        ///
        /// - Throws: `CancellationError`.
        func add(_ channel: any Channel) throws(CancellationError) {
            try state.withLock { state throws(CancellationError) in
                guard !state.isCancelled else { throw CancellationError() }
                state.channels.append(channel)
            }
        }

        /// Admits no further channel, and returns the earlier ones.
        func cancel() -> [any Channel] {
            state.withLock { state in
                state.isCancelled = true
                return state.channels
            }
        }
    }
#endif
