#if Hybrid
    internal import AgentExchange
    internal import Foundation
    internal import Primitives
    internal import RabbitMQExchange
    internal import Synchronization

    /// The messages of a session in lanes, until their senders need nothing more.
    ///
    /// Steps that the lanes ask for are carried out in order, by one thread at a time, outside the lock. A step that fails
    /// never blocks others.
    final class LaneTraffic: Sendable {
        typealias Table = LaneTable<CarriedMessage, UInt64>

        struct State {
            var table: Table
            var steps: [Table.Step] = []
            /// Whether a thread carries out steps.
            var isCarryingOut = false
            var open = OpenMessages()
            var isClosed = false
        }

        let metrics: ExchangeMetrics
        let served: ServedSession
        let links: PeerLinks
        let mailboxes = RoutedMailboxes()
        let state: Mutex<State>
        private let configuration: DirectConfiguration
        private let alarm: Alarm
        private let retries = DelayedRequests()
        private let meters: LaneMeters

        init(
            _ configuration: DirectConfiguration,
            of served: ServedSession,
            over links: PeerLinks,
            _ alarm: Alarm,
            _ metrics: ExchangeMetrics
        ) {
            self.configuration = configuration
            self.served = served
            self.links = links
            self.alarm = alarm
            self.metrics = metrics
            meters = LaneMeters(metrics)
            let limits = Table.Limits(
                windowMessages: configuration.windowMessages,
                windowBytes: configuration.windowBytes,
                keptBytes: configuration.keptBytes
            )
            state = Mutex(State(table: Table(limits: limits, durability: configuration.durability.lanes)))
        }

        // MARK: Connections

        /// Returns whether a lane has a connection.
        func isConnected(_ lane: LaneID) -> Bool { state.withLock { $0.table.isConnected(lane) } }

        /// Returns whether a connection can have no more lanes, also when idle ones are closed.
        func isUsedUp(_ number: UInt64) -> Bool {
            guard state.withLock({ $0.table.isUsedUp(number) }) else { return false }
            closeIdleLanes(for: .seconds(1), on: number)
            return state.withLock { $0.table.isUsedUp(number) }
        }

        /// Closes the lanes that had no message for a time.
        ///
        /// - Parameter number: Only those on this connection.
        func closeIdleLanes(for time: Duration, on number: UInt64? = nil) {
            let closed = state.withLock { state in
                // A step that is not carried out may be the opening of a lane.
                state.isCarryingOut ? [] : state.table.closeIdle(since: .now - time, of: number)
            }
            for (peer, lane) in closed { _ = links.connection(peer)?.send(.close(lane: lane)) }
            for connection in links.connections where number == nil || connection.number == number {
                let (open, last) = state.withLock { $0.table.numbers(of: connection.number) }
                links.forgetMarkers(except: open, upTo: last, on: connection.number)
            }
            reportSums()
        }

        /// Returns the number of direct lanes on a connection, and of their messages without an answer.
        func figures(of number: UInt64) -> (direct: Int, unanswered: Int) {
            state.withLock { $0.table.figures(of: number) }
        }

        /// A connection is ready.
        func connect(_ number: UInt64, _ offer: PeerOffer) {
            perform { state in
                // A message that fills the window goes alone, and must fit the queue of the connection.
                state.table.connect(
                    number,
                    largest: min(offer.largestMessage, offer.windowBytes, configuration.windowBytes),
                    windowMessages: offer.windowMessages,
                    windowBytes: offer.windowBytes,
                    closesLanes: offer.capabilities.contains(.closesLanes)
                )
                return []
            }
        }

        /// The peer of a connection serves the destination of a lane.
        func connect(_ lane: LaneID, to number: UInt64) {
            perform(.lost) { state in
                guard !state.isClosed else { return [] }
                return state.table.connect(lane, to: number, mayBeUnread: true, now: .now)
            }
        }

        /// A connection ended: everything that only the peer may have is published.
        func disconnect(_ number: UInt64) {
            perform(.lost) { $0.table.disconnect(number) }
        }

        // MARK: Steps

        /// Changes the lanes and carries out the steps that they ask for, behind earlier ones.
        ///
        /// - Parameter fallback: The reason that the messages which they publish don't go directly.
        func perform<Failure: Error>(
            _ fallback: Fallback? = nil,
            _ change: (inout State) throws(Failure) -> [Table.Step]
        ) throws(Failure) {
            var published = 0
            let (mustCarryOut, deadline) = try state.withLock { state throws(Failure) in
                let steps = try change(&state)
                if fallback != nil, metrics.isEnabled { published = steps.count(where: \.isPublishing) }
                state.steps += steps
                defer { if !state.steps.isEmpty { state.isCarryingOut = true } }
                return (!state.isCarryingOut && !state.steps.isEmpty, Self.deadline(state))
            }
            if let fallback, published > 0 {
                metrics.count(.directFallbacks, [.reason(fallback.rawValue)], by: published)
            }
            alarm.set(deadline)
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

        private func reportSums() {
            guard metrics.isEnabled else { return }
            meters.report { state.withLock { ($0.table.direct, $0.table.unanswered) } }
        }

        private func carryOut(_ step: Table.Step) {
            switch step.action {
            case .publish(let tag, let carried, let attempt, let mayComeAgain):
                publish(tag, carried, attempt: attempt, mayComeAgain: mayComeAgain, isLoose: step.number == 0)
            case .open(let opening, let isMarked): open(step, opening, isMarked: isMarked)
            case .write(_, let carried, let opening, let isCopied): write(step, carried, opening, isCopied: isCopied)
            case .expectCopy(let tag):
                _ = links.connection(step.peer)?.send(.queued(lane: step.number, tag: tag))
            case .accept(let tag): accept(tag)
            case .fail(let tag, let wasAccepted, let mayBeTaken):
                fail(tag, wasAccepted: wasAccepted, mayBeTaken: mayBeTaken)
            }
        }

        private func open(_ step: Table.Step, _ opening: UInt32, isMarked: Bool) {
            guard let connection = links.connection(step.peer), let session = served.current else { return }
            var digest: UUID?
            if isMarked {
                let id = UUID.random()
                digest = id.digest
                links.keep(id, ofLane: step.number, opening, on: connection.number)
                switch step.lane.content {
                case .requests: session.mark(id, mailbox: step.lane.destination)
                case .responses: session.mark(id, session: connection.agreement.peer)
                }
            }
            _ = connection.send(.open(lane: step.number, opening: opening, step.lane, marker: digest))
        }

        private func write(_ step: Table.Step, _ carried: CarriedMessage, _ opening: UInt32, isCopied: Bool) {
            guard let connection = links.connection(step.peer) else { return }
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

        private func accept(_ tag: UUID) {
            guard let open = state.withLock({ $0.open.accept(tag) }) else { return }
            open.carried.delivered?(open.response)
            open.carried.post.end(.success(()))
        }

        private func fail(_ tag: UUID, wasAccepted: Bool, mayBeTaken: Bool) {
            guard let open = state.withLock({ $0.open.remove(tag) }) else { return }
            if wasAccepted {
                served.current?.fail(open.response, open.failure(mayBeTaken: false))
            } else {
                open.carried.post.end(.failure(open.failure(mayBeTaken: mayBeTaken)))
            }
            endClosing(open.lane.source)
        }

        // MARK: Through the broker

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
                state.withLock { _ = $0.open.remove(tag) }
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
            guard let session = served.current, state.withLock({ $0.open[request.tag] != nil }) else { return }
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
            guard error.isRetryable, error.code != .mailboxFull, request.deadline.map({ $0 > .now }) ?? true,
                let session = served.current, state.withLock({ $0.open[request.tag]?.isAccepted == true })
            else { return false }
            retries.publishLater(request, carried, on: lane, in: session) { [weak self] in
                self?.publish($0, $1, attempt: $0.attempt, mayComeAgain: true)
            }
            return true
        }

        // MARK: The end

        /// Publishes everything that is unanswered, and returns when the broker has it or does not answer in time.
        ///
        /// - Returns: `false` when the mailbox has other routes.
        func close(_ mailbox: EntityID) async -> Bool {
            guard let signal = mailboxes.remove(mailbox) else { return false }
            perform { $0.table.close(from: mailbox) }
            endClosing(mailbox)
            _ = await signal.wait(until: .now + .seconds(5))
            mailboxes.forget(mailbox)
            retries.forget(from: mailbox)
            let left = state.withLock { state in
                state.table.forget(from: mailbox)
                return state.open.removeRequests(from: mailbox)
            }
            end(left, "the transport is closed")
            return true
        }

        /// Tells the close of a mailbox when the broker has all its requests.
        func endClosing(_ mailbox: EntityID) {
            guard let signal = mailboxes.closing(mailbox) else { return }
            if !state.withLock({ $0.open.isLeft(from: mailbox) }) { signal.set() }
        }

        /// Takes no more messages. The sends that have not returned end with `closed`.
        func close() {
            retries.removeAll()
            let left = state.withLock { state in
                state.isClosed = true
                state.table = Table(durability: configuration.durability.lanes)
                return state.open.removeAll()
            }
            end(left, "the session is closed")
        }

        /// Ends the sends of messages that have not returned.
        private func end(_ left: [OpenMessage], _ reason: String) {
            reportSums()
            let error = ExchangeError(.closed, reason, delivery: .unknown)
            for open in left where !open.isAccepted { open.carried.post.end(.failure(error)) }
        }

        // MARK: The clock

        /// The time of the next ``tick()``.
        var deadline: ContinuousClock.Instant? { state.withLock { Self.deadline($0) } }

        private static func deadline(_ state: borrowing State) -> ContinuousClock.Instant? {
            .earlier(state.table.deadline, state.open.deadline)
        }

        /// Looks at the clock: messages that were kept back, deadlines of requests.
        func tick() {
            var expired: [(tag: UUID, message: OpenMessage)] = []
            perform(.waited) { state in
                let now = ContinuousClock.now
                expired = state.open.takeExpired(at: now)
                return state.table.tick(at: now)
            }
            let error = ExchangeError(.deadlineExceeded, "no answer came before the deadline", delivery: .unknown)
            for (tag, open) in expired {
                if open.isAccepted { served.current?.fail(open.response, error) }
                end(tag, open.lane, isAnswered: false, .failure(error))
            }
        }
    }
#endif
