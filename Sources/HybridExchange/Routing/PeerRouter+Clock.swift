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
            var nextProof = ContinuousClock.now + configuration.renewal / 2
            while !Task.isCancelled {
                let wake = OneShot<Void>()
                alarm.withLock { $0 = wake }
                let next = state.withLock { state -> ContinuousClock.Instant? in
                    guard state.session != nil else { return nil }
                    let own = state.table.deadline.map { min($0, nextProof) } ?? nextProof
                    let expiry = state.expiries.next { state.open[$0] != nil }.map { $0 + Self.grace }
                    state.alarm = .earlier(.earlier(own, expiry), state.lease.deadline)
                    return state.alarm
                }
                guard let next else { return }
                _ = await wake.wait(until: next)
                tick()
                if nextProof <= .now {
                    nextProof = .now + configuration.renewal / 2
                    renewProofs()
                }
            }
        }

        /// Wakes the task when something is due earlier than it knows. Called under the lock.
        func setAlarm(_ state: inout State) {
            guard let deadline = state.table.deadline, state.alarm.map({ deadline < $0 }) ?? true else { return }
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

        func changed(isConnected: Bool) {
            guard isConnected else {
                let wasValid = state.withLock { state in
                    defer { state.lease.lose() }
                    return state.lease.isValid(at: .now) && !state.connections.isEmpty
                }
                if wasValid { metrics.count(.directLeaseLapsed) }
                return
            }
            guard let session = state.withLock({ $0.connections.isEmpty ? nil : $0.session }) else { return }
            session.start { [self] in
                // A mailbox may have been terminated, or have another owner by now.
                await session.checkMailboxes()
                state.withLock { state in
                    if let number = state.lease.begin(at: .now) { renewLease(number, session) }
                }
                alarm.withLock { $0 }.set()
            }
        }
    }
#endif
