#if Hybrid
    internal import AgentExchange
    internal import Foundation
    internal import RabbitMQExchange
    internal import Synchronization

    /// Keeps the lease of a session: proves its place at the broker while it is needed.
    final class OwnershipProof: Sendable {
        typealias Instant = ContinuousClock.Instant

        private struct State {
            var lease: OwnershipLease
            /// Whether direct requests may come.
            var isNeeded = false
            /// Whether the directory has told that the mailboxes of this session are its own, since the last loss.
            var isPlaced = false
        }

        private let duration: Duration
        private let served: ServedSession
        private let alarm: Alarm
        private let metrics: ExchangeMetrics
        private let state: Mutex<State>

        init(_ duration: Duration, of served: ServedSession, _ alarm: Alarm, _ metrics: ExchangeMetrics) {
            self.duration = duration
            self.served = served
            self.alarm = alarm
            self.metrics = metrics
            state = Mutex(State(lease: OwnershipLease(duration: duration)))
        }

        /// Whether the session may take a direct request now. Look at it before each.
        var isValid: Bool { state.withLock { $0.lease.isValid(at: .now) } }

        /// The time for which it may take direct requests without another proof.
        var left: Duration { state.withLock { $0.lease.left(at: .now) } }

        /// The time of the next ``tick()``.
        var deadline: Instant? { state.withLock { $0.lease.deadline } }

        /// Direct requests may come from now on.
        func begin() {
            state.withLock { $0.isNeeded = true }
            prove()
        }

        /// No direct requests can come any more. The lease ends by itself.
        func stop() {
            state.withLock { state in
                state.isNeeded = false
                state.lease.stop()
            }
        }

        /// Looks at the clock.
        func tick() {
            guard let session = served.current, let number = state.withLock({ $0.lease.tick(at: .now) }) else { return }
            renew(number, session)
        }

        /// A connection to the broker was lost, or is back.
        func changed(isConnected: Bool) {
            let hasLapsed = state.withLock { state in
                let wasValid = state.isNeeded && state.lease.isValid(at: .now)
                // Everything that began before counts no more, also when the connection is back already.
                state.lease.lose()
                state.isPlaced = false
                return wasValid
            }
            if hasLapsed { metrics.count(.directLeaseLapsed) }
            guard isConnected, let session = served.current else { return }
            session.start { [self] in
                // A mailbox may have been terminated meanwhile. One that has another owner is not proven.
                while await !session.checkMailboxes() {
                    guard !Task.isCancelled, session.isConnected else { return }
                    try? await Task.sleep(for: .seconds(1))
                }
                state.withLock { $0.isPlaced = true }
                prove()
            }
        }

        /// Begins to prove this session's place, when it is needed and the directory has told that its mailboxes are its own.
        private func prove() {
            guard let session = served.current, session.isConnected else { return }
            let number = state.withLock { state in
                state.isPlaced && state.isNeeded ? state.lease.begin(at: .now) : nil
            }
            if let number { renew(number, session) }
            alarm.set(deadline)
        }

        /// Proves both directions to the broker.
        private func renew(_ number: UInt64, _ session: DirectSession) {
            session.start { [self] in
                if await session.renew(within: duration) { state.withLock { $0.lease.returned(number) } }
            }
            session.start { [self] in
                if await session.askConsumer() { state.withLock { $0.lease.answered(number) } }
            }
        }
    }
#endif
