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
            /// The number of lanes by which direct requests may come.
            var lanes = 0
            /// Openings of lanes that wait for the lease.
            var waiting: [@Sendable () -> Void] = []
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

        /// The number of openings that wait for the lease. The senders of others try again.
        private static let largestWaiting = 4096

        /// A peer has opened a lane for requests.
        func begin() {
            let isFirst = state.withLock { state in
                state.lanes += 1
                return state.lanes == 1
            }
            if isFirst { prove() }
        }

        /// Lanes for requests are closed. Without any, the lease ends by itself.
        func end(_ count: Int = 1) {
            state.withLock { state in
                guard count > 0 else { return }
                state.lanes = max(0, state.lanes - count)
                guard state.lanes == 0 else { return }
                state.lease.stop()
                state.waiting = []
            }
        }

        /// Calls a function when the lease is valid: at once, or after the next proof.
        func whenValid(_ body: @escaping @Sendable () -> Void) {
            let isValid = state.withLock { state in
                if state.lease.isValid(at: .now) { return true }
                if state.waiting.count < Self.largestWaiting { state.waiting.append(body) }
                return false
            }
            if isValid { body() }
        }

        /// Looks at the clock.
        func tick() {
            guard let session = served.current, let number = state.withLock({ $0.lease.tick(at: .now) }) else { return }
            renew(number, session)
        }

        /// A connection to the broker was lost, or is back.
        func changed(isConnected: Bool) {
            let hasLapsed = state.withLock { state in
                let wasValid = state.lanes > 0 && state.lease.isValid(at: .now)
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
                state.isPlaced && state.lanes > 0 ? state.lease.begin(at: .now) : nil
            }
            if let number { renew(number, session) }
            alarm.set(deadline)
        }

        /// Proves both directions to the broker.
        private func renew(_ number: UInt64, _ session: DirectSession) {
            session.start { [self] in
                if await session.renew(within: duration) { prove { $0.returned(number) } }
            }
            session.start { [self] in
                if await session.askConsumer() { prove { $0.answered(number) } }
            }
        }

        private func prove(_ half: (inout OwnershipLease) -> Void) {
            let waiting = state.withLock { state -> [@Sendable () -> Void] in
                half(&state.lease)
                guard !state.waiting.isEmpty, state.lease.isValid(at: .now) else { return [] }
                defer { state.waiting = [] }
                return state.waiting
            }
            for body in waiting { body() }
        }
    }
#endif
