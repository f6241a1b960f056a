#if Hybrid
    internal import AgentExchange
    internal import DequeModule
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
            /// The last marker of each lane of this side.
            var markers: [UInt32: (opening: UInt32, marker: UUID)] = [:]
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
            /// The number of routes of each mailbox.
            var routes: [EntityID: Int] = [:]
            /// Accepted requests that the broker did not take, in order, until it does.
            var retries: [LaneID: Deque<(Request, CarriedPost)>] = [:]
            /// Mailboxes that close, until the broker has their requests.
            var closing: [EntityID: OneShot<Void>] = [:]
            /// Openings whose marker was not read, by its digest.
            var markers: [UUID: AwaitedMarker] = [:]
            /// Markers that were read before their opening came.
            var readMarkers = RecentMarkers()
            var asking = PeerQuestions()
            /// Questions to other sessions, until they answer.
            var questions: [UUID: OneShot<Invitation>] = [:]
            /// The number of questions of others that are being answered.
            var answering = 0
            var lease: OwnershipLease
            /// Whether the directory has told that the mailboxes of this session are its own, since the last loss.
            var isPlaced = false
            var session: DirectSession?
            var host: PeerHost?
            var endpoints: [PeerEndpoint] = []
            /// The sums that the metrics have by now.
            var reported = (lanes: 0, unanswered: 0)
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

        var ownershipLease: Duration { configuration.ownershipLease }

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
            let endpoints = try await configuration.listen(on: host, towards: session.localAddress, logger)
            state.withLock { $0.endpoints = endpoints }
            session.start { await self.watchClock() }
        }

        func route(
            for mailbox: EntityID,
            broker: any MessageRoute,
            delivered: @escaping @Sendable (Response) -> Void
        ) -> any MessageRoute {
            state.withLock { $0.routes[mailbox, default: 0] += 1 }
            return HybridRoute(mailbox: mailbox, router: self, broker: broker, delivered: delivered)
        }

        func close() async {
            let host = state.withLock { $0.host }
            await host?.close(within: .seconds(2))
            let left = state.withLock { state in
                state.session = nil
                state.host = nil
                state.markers = [:]
                state.retries = [:]
                state.table = Table(durability: configuration.durability.lanes)
                defer { state.open = [:] }
                return state.open.values.filter { !$0.isAccepted }
            }
            let error = ExchangeError(.closed, "the session is closed", delivery: .unknown)
            for open in left { open.carried.post.end(.failure(error)) }
            reportSums()
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
            reportSums()
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

        /// Tells the metrics the lanes and messages that were added or removed.
        private func reportSums() {
            guard metrics.isEnabled else { return }
            let (lanes, unanswered) = state.withLock { state in
                let before = state.reported
                state.reported = (state.table.direct, state.table.unanswered)
                return (state.reported.lanes - before.lanes, state.reported.unanswered - before.unanswered)
            }
            if lanes != 0 { metrics.move(.directLanes, by: Double(lanes)) }
            if unanswered != 0 { metrics.move(.directUnanswered, by: Double(unanswered)) }
        }

        private func carryOut(_ step: Table.Step) {
            switch step.action {
            case .publish(let tag, let carried, let attempt, let mayComeAgain):
                publish(tag, carried, attempt: attempt, mayComeAgain: mayComeAgain, isLoose: step.number == 0)
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
            var digest: UUID?
            if isMarked {
                let id = UUID.random()
                digest = id.digest
                state.withLock { state in
                    guard let peer = step.peer else { return }
                    state.connections[peer]?.markers[step.number] = (opening, id)
                }
                switch step.lane.content {
                case .requests: session.mark(id, mailbox: step.lane.destination)
                case .responses: session.mark(id, session: connection.agreement.peer)
                }
            }
            _ = connection.send(.open(lane: step.number, opening: opening, step.lane, marker: digest))
        }

        private func write(_ step: Table.Step, _ carried: CarriedMessage, _ opening: UInt32, isCopied: Bool) {
            guard let connection = connection(of: step) else { return }
            let frame = PeerFrame.data(
                lane: step.number,
                opening: opening,
                isCopied: isCopied,
                message: carried.bytes
            )
            metrics.count(.directMessages)
            // Messages that are not sent when the connection ends go through the broker.
            if case .full = connection.send(frame) { connection.end(.stalled) }
        }

        /// - Parameter isLoose: Whether no lane knows the message: it only keeps its place behind earlier ones.
        private func publish(
            _ tag: UUID,
            _ message: CarriedMessage,
            attempt: Int,
            mayComeAgain: Bool,
            isLoose: Bool
        ) {
            let carried = message.carried
            switch message.message {
            case .notice: break
            case .response(let response):
                state.withLock { _ = $0.open.removeValue(forKey: tag) }
                if carried.delivered != nil { return carried.broker.answer(response, to: carried.way, carried.post) }
                carried.post.begin { (post) throws(ExchangeError) in
                    try carried.broker.part(response, to: carried.way, post)
                }
            case .request(let request):
                if isLoose {
                    carried.post.begin { (post) throws(ExchangeError) in
                        try carried.broker.send(request, mayComeAgain: false, post)
                    }
                } else {
                    publish(request, carried, attempt: attempt, mayComeAgain: mayComeAgain)
                }
            }
        }

        /// Publishes a request of a lane, unless it was answered meanwhile.
        private func publish(_ request: Request, _ carried: CarriedPost, attempt: Int, mayComeAgain: Bool) {
            var request = request
            request.attempt = attempt
            guard let session = state.withLock({ $0.open[request.tag] == nil ? nil : $0.session }) else { return }
            let publication = session.post { [self, request] in published(request, carried, $0) }
            state.withLock { $0.open[request.tag]?.publication = publication }
            publication.begin { (post) throws(ExchangeError) in
                try carried.broker.send(request, mayComeAgain: mayComeAgain, post)
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
                if retry(request, carried, after: error, on: lane) { return }
                perform { state in
                    state.open[request.tag]?.refusal = error
                    state.open[request.tag]?.publication = nil
                    return state.table.returned(request.tag, on: lane)
                }
            }
            endClosing(request.source)
        }

        /// Publishes an accepted request again after a moment, behind earlier ones of its lane. Returns `false` when the
        /// broker's decision is final.
        private func retry(_ request: Request, _ carried: CarriedPost, after error: ExchangeError, on lane: LaneID)
            -> Bool
        {
            guard error.isRetryable, error.code != .mailboxFull, request.deadline.map({ $0 > .now }) ?? true else {
                return false
            }
            let (isRetried, session) = state.withLock { state -> (Bool, DirectSession?) in
                guard state.open[request.tag]?.isAccepted == true, let session = state.session else {
                    return (false, nil)
                }
                let isFirst = state.retries[lane] == nil
                state.retries[lane, default: []].append((request, carried))
                return (true, isFirst ? session : nil)
            }
            session?.start { [self] in
                try? await Task.sleep(for: .seconds(1))
                let waiting = state.withLock { $0.retries.removeValue(forKey: lane) ?? [] }
                for (request, carried) in waiting {
                    publish(request, carried, attempt: request.attempt, mayComeAgain: true)
                }
            }
            return isRetried
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
                let outcome =
                    mayBeTaken
                    ? ExchangeError(
                        error.code,
                        error.message,
                        entity: error.entity,
                        delivery: .unknown,
                        underlying: error
                    )
                    : error
                open.carried.post.end(.failure(outcome))
            }
            endClosing(open.lane.source)
        }
    }
#endif
