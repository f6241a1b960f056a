#if Hybrid
    internal import AgentExchange
    internal import Foundation
    internal import Primitives
    internal import RabbitMQExchange
    internal import Synchronization

    /// Takes the messages of the session's mailboxes.
    extension LaneTraffic {
        /// Takes a request for an agent whose lane is here. Returns `false` for all others, which the broker carries.
        func send(_ request: Request, _ carried: CarriedPost) -> Bool {
            let lane = LaneID(from: request.source, to: request.destination, .requests)
            // Most requests have no lane, and nothing before them waits to be published.
            guard let known = state.withLock({ $0.table.known(lane) ?? ($0.isCarryingOut ? lane : nil) }) else {
                return false
            }
            let element = CarriedMessage(message: .request(request), on: known, carried)
            var (isHere, mustLeave) = (false, true)
            carried.post.leave { [weak self] in self?.withdraw(request) }
            perform(fallback(element, on: known)) { state in
                mustLeave = state.table.has(lane)
                isHere = state.open[request.tag] == nil && !state.isClosed && (mustLeave || state.isCarryingOut)
                guard isHere else { return [] }
                if mustLeave { state.open.add(request, on: lane, carried) }
                return state.table.send(request.tag, element, bytes: element.size, on: lane, now: .now)
            }
            return isHere
        }

        /// Takes a response to a session with a connection. Returns `false` for all others.
        func send(_ response: Response, _ carried: CarriedPost) -> Bool {
            let lane = LaneID(from: response.source, to: response.destination, .responses)
            let peer = carried.way.queue.flatMap { links.number(ofQueue: $0) }
            let known = state.withLock { state in
                peer != nil || state.isCarryingOut ? state.table.known(lane) ?? lane : nil
            }
            guard let known else { return false }
            let element = CarriedMessage(message: .response(response), on: known, carried)
            var isHere = false
            perform(fallback(element, on: known)) { state in
                var steps: [Table.Step] = []
                guard !state.isClosed else { return [] }
                // The session that asked may be another than the one before.
                if let peer {
                    if state.table.peer(of: lane) != peer || !state.table.isConnected(lane) {
                        steps = state.table.connect(lane, to: peer, mayBeUnread: true, now: .now)
                    }
                    isHere = state.table.peer(of: lane) == peer
                } else if state.isCarryingOut {
                    isHere = true
                    let action = LaneAction.publish(UUID(), element, attempt: 1, mayComeAgain: false)
                    return [Table.Step(lane: lane, peer: nil, number: 0, action: action)]
                }
                guard isHere else { return steps }
                let token = state.open.add(response, on: lane, carried)
                return steps + state.table.send(token, element, bytes: element.size, on: lane, now: .now)
            }
            return isHere
        }

        /// Sends a notice on a direct lane. Returns `false` when the broker has to carry it.
        func send(_ notice: Notice) -> Bool {
            let lane = LaneID(from: notice.source, to: notice.destination, .requests)
            guard let found = state.withLock({ $0.table.directPeer(of: lane) }),
                let connection = links.connection(found.peer),
                let bytes = try? MessageBytes.encode(.notice(notice), on: found.lane)
            else { return false }
            return connection.send(.notice(lane: found.number, message: bytes)) == .queued
        }

        /// A broadcast is about to be published: its receivers may be those of lanes.
        func prepareBroadcast(from mailbox: EntityID) {
            perform(.broadcast) { $0.table.broadcast(from: mailbox, now: .now) }
        }

        /// The reason that a message will not go directly; `nil` when it may, or when its lane has no connection.
        private func fallback(_ element: CarriedMessage, on lane: LaneID) -> Fallback? {
            guard metrics.isEnabled else { return nil }
            return state.withLock { $0.table.isTooLarge(element.size, on: lane) } ? .size : nil
        }

        /// The caller waits no longer for the acceptance of a request.
        private func withdraw(_ request: Request) {
            let lane = LaneID(from: request.source, to: request.destination, .requests)
            let (isOpen, publication) = state.withLock { state in
                guard let open = state.open[request.tag], !open.isAccepted else {
                    return (false, PostedPublication?.none)
                }
                return (true, open.publication)
            }
            guard isOpen else { return }
            let error = ExchangeError(.cancelled, "the calling task was cancelled", delivery: .unknown)
            end(request.tag, lane, isAnswered: false, .failure(error))
            publication?.cancel()
        }

        /// A terminal response came, by whichever way.
        func answered(_ response: Response) {
            guard state.withLock({ $0.open.isRequest(response.tag) }) else { return }
            let lane = LaneID(from: response.destination, to: response.source, .requests)
            end(response.tag, lane, isAnswered: true, .success(()))
            endClosing(response.destination)
        }

        /// Ends a request, and its `send` with an outcome unless that has returned. The error of a request of which no byte has
        /// left this process says so.
        func end(_ tag: UUID, _ lane: LaneID, isAnswered: Bool, _ outcome: Result<Void, ExchangeError>) {
            var ended: OpenMessage?
            var isUnsent = false
            perform { state in
                isUnsent = state.table.isUnsent(tag, on: lane)
                ended = state.open.remove(tag)
                return ended == nil ? [] : state.table.ended(tag, on: lane, isAnswered: isAnswered, now: .now)
            }
            guard let ended, !ended.isAccepted else { return }
            ended.carried.post.end(isUnsent ? outcome.mapError(\.unsent) : outcome)
        }
    }

    extension LaneTraffic.Table.Step {
        /// Whether it publishes a message.
        var isPublishing: Bool { if case .publish = action { true } else { false } }
    }

    extension ExchangeError {
        /// The same error about a message of which no byte has left this process.
        fileprivate var unsent: ExchangeError {
            ExchangeError(code, message, entity: entity, delivery: .notSent, underlying: underlying)
        }
    }
#endif
