#if AutoGen
    internal import AgentExchange
    internal import Synchronization

    /// The clients of a host, the agent types that they have, and the types that lost clients left.
    final class ClientTable: Sendable {
        /// The types and subscriptions of a lost client.
        struct Absence: Sendable {
            let types: [String]
            let subscriptions: [String]
            let end: ContinuousClock.Instant
            let finish: @Sendable () async -> Void
        }

        private struct State {
            var sessions: [ClientID: ClientSession] = [:]
            /// Clients whose place on the exchange is being made.
            var opening: [ClientID: Task<ClientSession, any Error>] = [:]
            /// The clients that have an agent type here: one, unless the type is shared.
            var owners: [ExactText: [ClientSession]] = [:]
            /// The clients that have the listed subscriptions.
            var subscribers: [ExactText: ClientSession] = [:]
            var absences: [Int: Absence] = [:]
            var lastAbsence = 0
            /// Types that are being given up.
            var endings: [ExactText: Task<Void, Never>] = [:]
            var isClosed = false
        }

        private let state = Mutex(State())

        /// The sessions.
        var sessions: [ClientSession] { state.withLock { Array($0.sessions.values) } }

        /// The number of absences.
        var absenceCount: Int { state.withLock { $0.absences.count } }

        /// Returns the session of a client, or makes it.
        ///
        /// - Throws: `ExchangeError.Code.limitReached`, `ExchangeError.Code.closed`, and the errors of `make`.
        func session(
            _ id: ClientID,
            limit: Int,
            make: @escaping @Sendable () async throws(ExchangeError) -> ClientSession
        ) async throws -> ClientSession {
            let opening: Result<ClientSession, ExchangeError>?
            let task: Task<ClientSession, any Error>?
            (opening, task) = state.withLock { state in
                if let session = state.sessions[id] { return (.success(session), nil) }
                if let opening = state.opening[id] { return (nil, opening) }
                if state.isClosed { return (.failure(ExchangeError(.closed, "the host stops")), nil) }
                guard state.sessions.count + state.opening.count < limit else {
                    return (.failure(ExchangeError(.limitReached, "the host has \(limit) clients")), nil)
                }
                // A task of its own: several calls of the client wait for it.
                let task = Task {
                    do {
                        let session = try await make()
                        self.state.withLock { state in
                            state.opening[id] = nil
                            state.sessions[id] = session
                        }
                        return session
                    } catch {
                        self.state.withLock { $0.opening[id] = nil }
                        throw error
                    }
                }
                state.opening[id] = task
                return (nil, task)
            }
            if let opening { return try opening.get() }
            guard let task else { throw ExchangeError(.internal, "a session was neither found nor made") }
            return try await task.value
        }

        /// Refuses new clients. Returns the sessions, also those that were being made.
        func close() async -> [ClientSession] {
            let opening = state.withLock { state in
                state.isClosed = true
                return Array(state.opening.values)
            }
            for task in opening { _ = try? await task.value }
            return sessions
        }

        /// Removes a session that has ended.
        func remove(_ session: ClientSession) {
            state.withLock { state in
                if state.sessions[session.id] === session { state.sessions[session.id] = nil }
            }
        }

        /// Returns the control channel of a client.
        func control(of id: ClientID) -> ControlChannel? {
            let session = state.withLock { $0.sessions[id] }
            return session?.state.withLock { $0.control }
        }

        // MARK: - Types

        /// Returns the clients that have an agent type here.
        func owners(of type: String) -> [ClientSession] {
            state.withLock { $0.owners[ExactText(type)] ?? [] }
        }

        /// Returns whether only other clients have an agent type here.
        func isForeign(_ type: String, to session: ClientSession) -> Bool {
            let owners = owners(of: type)
            return !owners.isEmpty && !owners.contains { $0 === session }
        }

        /// Records that a client has an agent type.
        func add(_ type: String, _ session: ClientSession) {
            state.withLock { $0.owners[ExactText(type), default: []].append(session) }
        }

        /// Returns the client of this host that has a listed subscription.
        func subscriber(of id: String) -> ClientSession? {
            state.withLock { $0.subscribers[ExactText(id)] }
        }

        /// Records that a client has a listed subscription.
        func add(subscription id: String, _ session: ClientSession) {
            state.withLock { $0.subscribers[ExactText(id)] = session }
        }

        /// Forgets subscriptions of a client; with `nil`, of any client.
        func remove(subscriptions ids: [String], of session: ClientSession?) {
            state.withLock { state in
                for id in ids where session == nil || state.subscribers[ExactText(id)] === session {
                    state.subscribers[ExactText(id)] = nil
                }
            }
        }

        /// Gives up the types of a session in a task of its own; a client that registers one of them waits for it.
        @discardableResult
        func give(_ types: Set<String>, of session: ClientSession?, _ body: @escaping @Sendable () async -> Void)
            -> Task<Void, Never>
        {
            // Registered before the task can end it.
            state.withLock { state in
                let task = Task {
                    await body()
                    self.state.withLock { state in
                        for type in types { state.endings[ExactText(type)] = nil }
                    }
                }
                for type in types {
                    if let session, let owners = state.owners[ExactText(type)]?.filter({ $0 !== session }) {
                        state.owners[ExactText(type)] = owners.isEmpty ? nil : owners
                    }
                    state.endings[ExactText(type)] = task
                }
                return task
            }
        }

        /// Waits until an agent type is no longer being given up.
        func waitForEnding(of type: String) async {
            await state.withLock { $0.endings[ExactText(type)] }?.value
        }

        // MARK: - Absences

        /// Keeps the types of a lost client until their absence ends.
        func add(_ absence: Absence) {
            state.withLock { state in
                state.lastAbsence += 1
                state.absences[state.lastAbsence] = absence
            }
        }

        /// Takes the absences that have ended by a time; all of them without one.
        func takeAbsences(by now: ContinuousClock.Instant?) -> [Absence] {
            state.withLock { state in
                let due = state.absences.filter { entry in now.map { entry.value.end <= $0 } ?? true }
                for number in due.keys { state.absences[number] = nil }
                return Array(due.values)
            }
        }
    }
#endif
