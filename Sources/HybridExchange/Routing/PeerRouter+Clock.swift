#if Hybrid
    internal import AgentExchange
    internal import Foundation
    internal import Logging
    internal import Primitives
    internal import RabbitMQExchange
    internal import Synchronization

    /// Looks at the clock: messages kept back, the lease, deadlines of requests, proofs.
    extension PeerRouter {
        /// The time after its deadline at which a request is answered by this session.
        private static let grace = Duration.seconds(1)

        /// Runs until the session closes.
        func watchClock() async {
            var nextProof = ContinuousClock.now + configuration.renewal / 3
            while !Task.isCancelled {
                let wake = OneShot<Void>()
                alarm.withLock { $0 = wake }
                let next = state.withLock { state -> ContinuousClock.Instant? in
                    guard state.session != nil else { return nil }
                    state.alarm = .earlier(nextProof, Self.deadline(&state))
                    return state.alarm
                }
                guard let next else { return }
                _ = await wake.wait(until: next)
                tick()
                if nextProof <= .now {
                    nextProof = .now + configuration.renewal / 3
                    renewProofs()
                }
            }
        }

        /// The time of the next look.
        private static func deadline(_ state: inout State) -> ContinuousClock.Instant? {
            let expiry = state.expiries.first.map { $0.deadline + grace }
            return .earlier(.earlier(state.table.deadline, state.lease.deadline), expiry)
        }

        /// Wakes the task when something is due earlier than it knows. Called under the lock.
        func setAlarm(_ state: inout State) {
            guard let deadline = Self.deadline(&state), state.alarm.map({ deadline < $0 }) ?? true else { return }
            state.alarm = deadline
            alarm.withLock { $0 }.set()
        }

        private func tick() {
            var expired: [(UUID, OpenMessage)] = []
            var session: DirectSession?
            perform { state in
                let now = ContinuousClock.now
                session = state.session
                if let session, let number = state.lease.tick(at: now) { renewLease(number, session) }
                state.expiries.compact(alive: state.open.count) { state.open[$0] != nil }
                while let tag = state.expiries.popExpired(now: now - Self.grace, isAlive: { state.open[$0] != nil }) {
                    if let open = state.open[tag] { expired.append((tag, open)) }
                }
                return state.table.tick(at: now)
            }
            let error = ExchangeError(.deadlineExceeded, "no answer came before the deadline", delivery: .unknown)
            for (tag, open) in expired {
                if open.isAccepted { session?.fail(open.response, error) }
                end(tag, open.lane, isAnswered: false, .failure(error))
            }
        }

        // MARK: The lease

        /// Proves both directions to the broker.
        func renewLease(_ number: UInt64, _ session: DirectSession) {
            let limit = configuration.ownershipLease
            session.start { [self] in
                if await session.renew(within: limit) { state.withLock { $0.lease.returned(number) } }
            }
            session.start { [self] in
                if await session.askConsumer() { state.withLock { $0.lease.answered(number) } }
            }
        }

        /// Begins to prove this session's place, when it has connections to peers and the directory has told that its
        /// mailboxes are its own. Called under the lock.
        func beginLease(_ state: inout State) {
            guard state.isPlaced, !state.connections.isEmpty, let session = state.session, session.isConnected,
                let number = state.lease.begin(at: .now)
            else { return }
            renewLease(number, session)
        }

        func changed(isConnected: Bool) {
            let session = state.withLock { state in
                if state.lease.isValid(at: .now), !state.connections.isEmpty { metrics.count(.directLeaseLapsed) }
                // Everything that began before counts no more, also when the connection is back already.
                state.lease.lose()
                state.isPlaced = false
                return state.session
            }
            guard isConnected, let session else { return }
            session.start { [self] in
                // A mailbox may have been terminated meanwhile. One that has another owner is not proven.
                while await !session.checkMailboxes() {
                    guard !Task.isCancelled, session.isConnected else { return }
                    try? await Task.sleep(for: .seconds(1))
                }
                perform { state in
                    state.isPlaced = true
                    beginLease(&state)
                    return []
                }
            }
        }
    }
#endif
