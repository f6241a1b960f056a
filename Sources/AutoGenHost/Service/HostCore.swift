#if AutoGen
    internal import AgentExchange
    internal import AutoGenProtocol
    internal import Foundation
    internal import GRPCCore
    internal import Logging
    internal import Primitives
    internal import Synchronization
    internal import WorkerRuntime

    /// The working parts of a host behind its gRPC service: the clients, their places on the exchange, and time.
    final class HostCore: Sendable {
        /// The pause between two looks at the clients.
        private static let pause = Duration.milliseconds(100)

        /// The number of such looks between two comparisons of the clients of shared types.
        private static let comparison = 50

        let exchange: any ExchangeFactory
        let configuration: AutoGenHostConfiguration
        let clients = ClientTable()
        let drops = Drops()
        /// The host's own place on the exchange.
        private let own = Mutex<WorkerRuntime?>(nil)
        private let clock = Mutex<Task<Void, Never>?>(nil)
        private let differences = Mutex(SharedTypeDifferences<ClientID>())

        init(_ exchange: any ExchangeFactory, _ configuration: AutoGenHostConfiguration) {
            self.exchange = exchange
            self.configuration = configuration
        }

        /// The settings of a client's runtime, and of the host's own, which ends lost types.
        private func workerConfiguration(endsLostTypes: Bool = false) -> WorkerConfiguration {
            var client = ClientConfiguration(logger: configuration.logger)
            client.requestDeadline = configuration.requestDeadline
            client.cancellationPatience = .seconds(1)
            var workers = WorkerConfiguration(client: client)
            // Nothing runs here that a grace could let end.
            workers.gracePeriod = .seconds(1)
            workers.absence = configuration.absence
            workers.endsLostTypes = endsLostTypes
            return workers
        }

        /// Joins the exchange.
        ///
        /// - Throws: The errors of `WorkerRuntime.init`; `ExchangeError.Code.unsupported` for an exchange without topics;
        ///   `ExchangeError.Code.invalidConfiguration` for a setting that is out of its bounds.
        func start() async throws(ExchangeError) {
            try configuration.validate()
            let workers = try await WorkerRuntime(
                on: exchange,
                configuration: workerConfiguration(endsLostTypes: true)
            )
            do throws(ExchangeError) {
                _ = try await workers.subscriptions()
                try await workers.start()
            } catch {
                await workers.stop()
                throw error
            }
            own.withLock { $0 = workers }
            let task = Task { [weak self] in
                var looks = 0
                while !Task.isCancelled, let core = self {
                    core.tick(.now)
                    looks = (looks + 1) % Self.comparison
                    if looks == 0 { core.compareClients() }
                    do { try await Task.sleep(for: Self.pause) } catch { return }
                }
            }
            clock.withLock { $0 = task }
        }

        /// Ends the clients in three steps: their callers are answered, and requests that others can serve go back to the
        /// exchange; their streams write the answers and end; their types are given up. No stream ends before all callers have
        /// their answers.
        ///
        /// - Parameter grace: How long to wait for the answers, and then for the streams to take the messages that wait.
        func stop(grace: Duration) async {
            clock.withLock { $0 }?.cancel()
            await clock.withLock { $0 }?.value
            let sessions = await clients.close()
            await withDiscardingTaskGroup { group in
                for session in sessions { group.addTask { await session.beginStop(patience: grace) } }
            }
            await withDiscardingTaskGroup { group in
                for session in sessions { group.addTask { await self.endStreams(session, grace) } }
            }
            for absence in clients.takeAbsences(by: nil) {
                await clients.give(Set(absence.types), of: nil) { await absence.finish() }.value
            }
            await own.withLock { $0 }?.stop()
        }

        private func endStreams(_ session: ClientSession, _ grace: Duration) async {
            session.endStreams(RPCError(code: .unavailable, message: "The host stops."))
            if session.isStreaming { _ = await session.streamsEnded.wait(until: .after(grace)) }
            await end(session, .stopped)?.value
        }

        /// Looks at every client and absence.
        func tick(_ now: ContinuousClock.Instant) {
            for session in clients.sessions {
                if let departure = session.tick(now) { end(session, departure) }
            }
            for absence in clients.takeAbsences(by: now) {
                clients.give(Set(absence.types), of: nil) { await absence.finish() }
            }
        }

        /// Warns of clients that share an agent type and have other types besides.
        func compareClients() {
            if configuration.shares.isEmpty { return }
            let sessions = Dictionary(clients.sessions.map { ($0.id, $0) }) { first, _ in first }
            let types = sessions.mapValues { session in session.state.withLock { $0.types } }
            let findings = differences.withLock { $0.look(types) { configuration.isShared($0) } }
            for finding in findings {
                let others = finding.others.sorted().joined(separator: " ").cut(toBytes: 256)
                sessions[finding.client]?.logger.warning(
                    "a client shares an agent type, and has types that others of it do not have: an event for both is handled twice",
                    metadata: .init(keys: [.mailbox: finding.type]).with(.reason, others)
                )
            }
        }

        /// Returns the session of a client, and makes it with the client's first call.
        ///
        /// - Throws: `RPCError`.
        func session(_ request: Metadata, _ context: ServerContext) async throws(RPCError) -> ClientSession {
            let id = try ClientID(request)
            let subject = context.subject
            let session = try await session(id, subject)
            guard session.subject == subject else {
                throw RPCError(code: .permissionDenied, message: "The client id belongs to another certificate.")
            }
            return session
        }

        private func session(_ id: ClientID, _ subject: String?) async throws(RPCError) -> ClientSession {
            do {
                let session = try await clients.session(id, limit: configuration.maximumClients) {
                    [self] () async throws(ExchangeError) in try await makeSession(id, subject)
                }
                session.touch()
                return session
            } catch let error as ExchangeError {
                throw RPCError(error)
            } catch {
                throw RPCError(code: .unavailable, message: "the host could not join its exchange")
            }
        }

        private func makeSession(_ id: ClientID, _ subject: String?) async throws(ExchangeError) -> ClientSession {
            let workers = try await WorkerRuntime(on: exchange, configuration: workerConfiguration())
            try await workers.start()
            let session = ClientSession(id, subject: subject, workers, configuration, drops)
            session.logger.info("a client joined")
            return session
        }

        // MARK: - Ending

        /// Ends a session. Its types are given up, or left to the next worker, in a task of its own.
        @discardableResult
        func end(_ session: ClientSession, _ departure: Departure) -> Task<Void, Never>? {
            guard session.end(departure) else { return nil }
            clients.remove(session)
            session.logger.info("a client ended", metadata: .init(keys: [.reason: "\(departure)"]))
            let (types, known) = session.state.withLock { ($0.types, Array($0.subscriptions.values)) }
            clients.remove(subscriptions: known.map(\.id), of: session)
            // Those of a type that others may have, or that outlives its clients, end with the type.
            let subscriptions = known.filter { !configuration.outlivesClients($0.agentType) }.map(\.id)
            let isLeft = departure == .lost && configuration.onLoss == .handOver
            return clients.give(types, of: session) { [self] in
                await session.finishPublishing(within: configuration.requestDeadline)
                if isLeft {
                    await leave(session, types, subscriptions)
                } else {
                    await remove(subscriptions)
                    await session.workers.stop()
                }
            }
        }

        /// Leaves the types of a lost client to the next worker, and ends them after the absence.
        private func leave(_ session: ClientSession, _ types: Set<String>, _ subscriptions: [String]) async {
            let left = await session.workers.leave()
            if left.isEmpty { return await remove(subscriptions) }
            clients.add(
                ClientTable.Absence(
                    types: Array(types),
                    subscriptions: subscriptions,
                    end: .after(configuration.absence)
                ) {
                    [self] in
                    for type in left { await end(type) }
                    await remove(subscriptions.filter { clients.subscriber(of: $0) == nil })
                }
            )
        }

        private func end(_ left: LeftType) async {
            do throws(ExchangeError) {
                try await own.withLock { $0 }?.end(left)
            } catch {
                configuration.logger.warning(
                    "the agent type of a lost worker could not be ended",
                    metadata: .init(keys: [.mailbox: left.agentType, .error: error.description])
                )
            }
        }

        private func remove(_ subscriptions: [String]) async {
            for id in subscriptions {
                // It may have been removed before.
                try? await own.withLock { $0 }?.unsubscribe(id: id)
            }
        }
    }

    extension RPCError {
        /// The status for an error of the exchange.
        init(_ error: ExchangeError) {
            let code: RPCError.Code =
                switch error.code {
                case .invalidMessage, .invalidTopic, .invalidConfiguration: .invalidArgument
                case .limitReached: .resourceExhausted
                case .forbidden, .unauthorized: .permissionDenied
                case .deadlineExceeded: .deadlineExceeded
                case .closed, .unavailable, .connectionLost, .brokerBlocked: .unavailable
                case .unsupported: .unimplemented
                default: .internalError
                }
            self.init(code: code, message: "\(error.code): \(error.message)")
        }
    }
#endif
