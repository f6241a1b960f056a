#if Hybrid
    internal import AgentExchange
    internal import Foundation
    internal import Logging
    internal import Primitives
    internal import RabbitMQExchange
    internal import Synchronization

    /// The direct way of one session: its lanes, and the connections that carry them.
    ///
    /// Steps that the lanes ask for are carried out in order, by one thread at a time, outside the lock. A step that fails
    /// never blocks others.
    final class PeerRouter: DirectWay {
        typealias Table = LaneTable<CarriedMessage, UInt64>

        /// A connection, and the taker of its frames.
        struct Link: Sendable {
            let connection: PeerConnection
            let inbox: PeerInbox
        }

        struct State {
            var table: Table
            var steps: [Table.Step] = []
            /// Whether a thread carries out steps.
            var isCarryingOut = false
            /// The messages in lanes: requests by their tag, responses by a token.
            var open: [UUID: OpenMessage] = [:]
            var lastToken: UInt64 = 0
            /// The deadlines of requests in lanes.
            var expiries = DeadlineQueue<UUID>()
            /// The connections by their number, and the numbers by the queue of the peer's session.
            var connections: [UInt64: Link] = [:]
            var queues: [String: UInt64] = [:]
            /// Lanes to connect when there is a connection to a session.
            var wanted: [UUID: Set<LaneID>] = [:]
            /// Mailboxes that close, until the broker has their requests.
            var closing: [EntityID: OneShot<Void>] = [:]
            /// Openings whose marker was not read, by the marker.
            var markers: [UUID: @Sendable () -> Void] = [:]
            /// Markers that were read before their opening came.
            var readMarkers = RecentMarkers()
            var asking = PeerQuestions()
            /// Questions to other sessions, until they answer.
            var questions: [UUID: OneShot<Invitation>] = [:]
            /// The number of questions of others that are being answered.
            var answering = 0
            var lease: OwnershipLease
            var session: DirectSession?
            var host: PeerHost?
            var endpoints: [PeerEndpoint] = []
            /// The time of the next look at the clock.
            var alarm: ContinuousClock.Instant?
        }

        let configuration: DirectConfiguration
        let state: Mutex<State>
        /// Wakes the task that looks at the clock.
        let alarm = Mutex(OneShot<Void>())
        private let identity: Handshake.Identity
        private let logger: Logger
        private let settings: PeerSettings
        let metrics = ExchangeMetrics.current

        init(_ configuration: DirectConfiguration, _ facts: DirectFacts) {
            self.configuration = configuration
            logger = facts.logger
            settings = configuration.peers(isEncrypted: facts.isEncrypted)
            let limits = Table.Limits(
                windowMessages: configuration.windowMessages,
                windowBytes: configuration.windowBytes,
                keptBytes: configuration.keptBytes
            )
            let durability = configuration.durability.lanes
            state = Mutex(
                State(
                    table: Table(limits: limits, durability: durability),
                    lease: OwnershipLease(duration: configuration.ownershipLease)
                )
            )
            let offer = PeerOffer(
                largestMessage: facts.maximumMessageSize,
                windowMessages: configuration.windowMessages,
                windowBytes: configuration.windowBytes
            )
            identity = Handshake.Identity(session: facts.session, namespace: facts.namespace, offer: offer)
        }

        // MARK: DirectWay

        func open(in session: DirectSession) async throws(ExchangeError) {
            let host = PeerHost(identity, settings: settings, logger: logger) {
                [weak self] connection in
                let inbox = PeerInbox(self)
                self?.connected(connection, inbox)
                return inbox
            }
            state.withLock { state in
                state.session = session
                state.host = host
            }
            let endpoints = try await configuration.listen(on: host, towards: session.localAddress)
            state.withLock { $0.endpoints = endpoints }
            session.start { await self.watchClock() }
        }

        func route(
            for mailbox: EntityID,
            broker: any MessageRoute,
            delivered: @escaping @Sendable (Response) -> Void
        ) -> any MessageRoute {
            HybridRoute(mailbox: mailbox, router: self, broker: broker, delivered: delivered)
        }

        func close() async {
            let host = state.withLock { $0.host }
            await host?.close(within: .seconds(2))
            state.withLock { state in
                state.session = nil
                state.host = nil
                state.open = [:]
                state.markers = [:]
            }
            alarm.withLock { $0 }.set()
        }

        // MARK: Steps

        /// Changes the lanes and carries out the steps that they ask for, behind earlier ones.
        func perform<Failure: Error>(
            _ change: (inout State) throws(Failure) -> [Table.Step]
        ) throws(Failure) {
            let mustCarryOut = try state.withLock { state throws(Failure) in
                state.steps += try change(&state)
                setAlarm(&state)
                defer { if !state.steps.isEmpty { state.isCarryingOut = true } }
                return !state.isCarryingOut && !state.steps.isEmpty
            }
            guard mustCarryOut else { return }
            while true {
                let steps: [Table.Step] = state.withLock { state in
                    defer { state.steps = [] }
                    if state.steps.isEmpty { state.isCarryingOut = false }
                    return state.steps
                }
                if steps.isEmpty { return }
                for step in steps { carryOut(step) }
            }
        }

        private func carryOut(_ step: Table.Step) {
            switch step.action {
            case .publish(let tag, let carried, let attempt, _): publish(tag, carried, attempt: attempt)
            case .open(let opening, let isMarked): open(step, opening, isMarked: isMarked)
            case .write(_, let carried, let opening, let isCopied): write(step, carried, opening, isCopied: isCopied)
            case .expectCopy(let tag): _ = connection(of: step)?.send(.queued(lane: step.number, tag: tag))
            case .accept(let tag): accept(tag)
            case .fail(let tag, let wasAccepted, let mayBeTaken):
                fail(tag, wasAccepted: wasAccepted, mayBeTaken: mayBeTaken)
            }
        }

        private func connection(of step: Table.Step) -> PeerConnection? {
            guard let peer = step.peer else { return nil }
            return state.withLock { $0.connections[peer]?.connection }
        }

        private func open(_ step: Table.Step, _ opening: UInt32, isMarked: Bool) {
            let (connection, session) = state.withLock { state in
                (step.peer.flatMap { state.connections[$0]?.connection }, state.session)
            }
            guard let connection, let session else { return }
            var marker: UUID?
            if isMarked {
                let id = UUID.random()
                marker = id
                switch step.lane.content {
                case .requests: session.mark(id, mailbox: step.lane.destination)
                case .responses: session.mark(id, session: connection.agreement.peer)
                }
            }
            _ = connection.send(.open(lane: step.number, opening: opening, step.lane, marker: marker))
        }

        private func write(_ step: Table.Step, _ carried: CarriedMessage, _ opening: UInt32, isCopied: Bool) {
            guard let connection = connection(of: step) else { return }
            do throws(ExchangeError) {
                let bytes = try MessageBytes.encode(carried.message, on: step.lane)
                let frame = PeerFrame.data(lane: step.number, opening: opening, isCopied: isCopied, message: bytes)
                metrics.count(.directMessages)
                // What is not sent when the connection ends goes through the broker.
                if case .full = connection.send(frame) { connection.end(.stalled) }
            } catch {
                // The binary form has no place for it; the broker's form may.
                connection.end(.cut)
            }
        }

        private func publish(_ tag: UUID, _ carried: CarriedMessage, attempt: Int) {
            switch carried {
            case .response(let response, let carried):
                let isTerminal = carried.delivered != nil
                state.withLock { _ = $0.open.removeValue(forKey: tag) }
                if isTerminal { return carried.broker.answer(response, to: carried.way, carried.post) }
                carried.post.begin { (post) throws(ExchangeError) in
                    try carried.broker.part(response, to: carried.way, post)
                }
            case .request(var request, let carried):
                request.attempt = attempt
                guard let session = state.withLock({ $0.session }) else {
                    return carried.post.end(.failure(ExchangeError(.closed, "the session is closed")))
                }
                let publication = session.post { [self, request] in published(request, carried, $0) }
                state.withLock { $0.open[tag]?.publication = publication }
                publication.begin { (post) throws(ExchangeError) in try carried.broker.send(request, post) }
            }
        }

        /// Records the broker's decision about a request. One that was accepted is published until the broker decides.
        private func published(_ request: Request, _ carried: CarriedPost, _ result: Result<Void, ExchangeError>) {
            let lane = LaneID(from: request.source, to: request.destination, .requests)
            switch result {
            case .success:
                perform { state in
                    state.open[request.tag]?.isAtBroker = true
                    state.open[request.tag]?.publication = nil
                    return state.table.confirmed(request.tag, on: lane)
                }
            case .failure(let error):
                let session = state.withLock { state -> DirectSession? in
                    guard state.open[request.tag]?.isAccepted == true, error.isRetryable, error.code != .mailboxFull else {
                        return nil
                    }
                    return state.session
                }
                if let session, request.deadline.map({ $0 > .now }) ?? true {
                    return session.start { [self] in
                        try? await Task.sleep(for: .seconds(1))
                        publish(request.tag, .request(request, carried), attempt: request.attempt)
                    }
                }
                perform { state in
                    state.open[request.tag]?.refusal = error
                    state.open[request.tag]?.publication = nil
                    return state.table.returned(request.tag, on: lane)
                }
            }
            endClosing(request.source)
        }

        private func accept(_ tag: UUID) {
            let open = state.withLock { state -> OpenMessage? in
                guard let open = state.open[tag], !open.isAccepted else { return nil }
                if open.lane.content == .responses { state.open[tag] = nil } else { state.open[tag]?.isAccepted = true }
                return open
            }
            guard let open else { return }
            open.carried.delivered?(open.response)
            open.carried.post.end(.success(()))
        }

        private func fail(_ tag: UUID, wasAccepted: Bool, mayBeTaken: Bool) {
            let (open, session) = state.withLock { state in (state.open.removeValue(forKey: tag), state.session) }
            guard let open else { return }
            let error = open.refusal ?? ExchangeError(.unavailable, "the message was refused", delivery: .refused)
            if wasAccepted {
                session?.fail(open.response, error)
            } else {
                // A peer may have taken it before its connection ended.
                let outcome = mayBeTaken
                    ? ExchangeError(error.code, error.message, entity: error.entity, delivery: .unknown, underlying: error)
                    : error
                open.carried.post.end(.failure(outcome))
            }
        }
    }
#endif
