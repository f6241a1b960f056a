#if Hybrid
    internal import AgentExchange
    internal import Foundation
    internal import Primitives
    internal import RabbitMQExchange
    internal import Synchronization

    /// Takes the messages of the session's mailboxes.
    extension PeerRouter {
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
            perform { state in
                mustLeave = state.table.has(lane)
                isHere = state.open[request.tag] == nil && state.session != nil && (mustLeave || state.isCarryingOut)
                guard isHere else { return [] }
                if mustLeave {
                    state.open[request.tag] = OpenMessage(
                        lane: lane,
                        carried: carried,
                        response: request.error(.internal, "")
                    )
                    if let deadline = request.deadline { state.expiries.insert(request.tag, at: .at(deadline)) }
                }
                return state.table.send(request.tag, element, bytes: element.size, on: lane, now: .now)
            }
            return isHere
        }

        /// Takes a response to a session with a connection. Returns `false` for all others.
        func send(_ response: Response, _ carried: CarriedPost) -> Bool {
            let lane = LaneID(from: response.source, to: response.destination, .responses)
            let known = state.withLock { state -> LaneID? in
                let isReachable = carried.way.queue.flatMap { state.queues[$0] } != nil
                return isReachable || state.isCarryingOut ? state.table.known(lane) ?? lane : nil
            }
            guard let known else { return false }
            let element = CarriedMessage(message: .response(response), on: known, carried)
            var isHere = false
            perform { state in
                var steps: [Table.Step] = []
                // The session that asked may be another than the one before.
                if let peer = carried.way.queue.flatMap({ state.queues[$0] }) {
                    if state.table.peer(of: lane) != peer || !state.table.isConnected(lane) {
                        steps = state.table.connect(lane, to: peer, mayBeUnread: true, now: .now)
                    }
                    isHere = state.table.peer(of: lane) == peer && state.session != nil
                } else if state.isCarryingOut, state.session != nil {
                    isHere = true
                    let action = LaneAction.publish(UUID(), element, attempt: 1, mayComeAgain: false)
                    return [Table.Step(lane: lane, peer: nil, number: 0, action: action)]
                }
                guard isHere else { return steps }
                state.lastToken += 1
                let token = UUID(number: state.lastToken)
                state.open[token] = OpenMessage(lane: lane, carried: carried, response: response)
                return steps + state.table.send(token, element, bytes: element.size, on: lane, now: .now)
            }
            return isHere
        }

        /// Sends a notice on a direct lane. Returns `false` when the broker has to carry it.
        func send(_ notice: Notice) -> Bool {
            let lane = LaneID(from: notice.source, to: notice.destination, .requests)
            let found = state.withLock { state in
                state.table.directPeer(of: lane).flatMap { found in
                    state.connections[found.peer].map { ($0.connection, found.number, found.lane) }
                }
            }
            guard let (connection, number, lane) = found,
                let bytes = try? MessageBytes.encode(.notice(notice), on: lane)
            else { return false }
            return connection.send(.notice(lane: number, message: bytes)) == .queued
        }

        /// A broadcast is about to be published: its receivers may be those of lanes.
        func prepareBroadcast(from mailbox: EntityID) {
            perform { $0.table.broadcast(from: mailbox, now: .now) }
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

        func answered(_ response: Response) {
            let isOpen = state.withLock { $0.open[response.tag]?.lane.content == .requests }
            guard isOpen else { return }
            let lane = LaneID(from: response.destination, to: response.source, .requests)
            end(response.tag, lane, isAnswered: true, .success(()))
            endClosing(response.destination)
        }

        /// Ends a request, and its `send` with an outcome unless that has returned.
        func end(_ tag: UUID, _ lane: LaneID, isAnswered: Bool, _ outcome: Result<Void, ExchangeError>) {
            var ended: OpenMessage?
            perform { state in
                ended = state.open.removeValue(forKey: tag)
                return ended == nil ? [] : state.table.ended(tag, on: lane, isAnswered: isAnswered, now: .now)
            }
            if let ended, !ended.isAccepted { ended.carried.post.end(outcome) }
        }

        // MARK: The end of a mailbox

        /// Publishes everything that is unanswered, and returns when the broker has it or does not answer in time.
        func close(_ mailbox: EntityID) async {
            let signal = OneShot<Void>()
            let isLast = state.withLock { state in
                let left = (state.routes[mailbox] ?? 1) - 1
                state.routes[mailbox] = left > 0 ? left : nil
                if left <= 0 { state.closing[mailbox] = signal }
                return left <= 0
            }
            guard isLast else { return }
            perform { $0.table.close(from: mailbox) }
            endClosing(mailbox)
            _ = await signal.wait(until: .now + .seconds(5))
            let left = state.withLock { state in
                state.closing[mailbox] = nil
                state.table.forget(from: mailbox)
                state.retries = state.retries.filter { $0.key.source != mailbox }
                let left = state.open.filter { $0.value.lane.source == mailbox && $0.value.lane.content == .requests }
                for tag in left.keys { state.open[tag] = nil }
                for session in state.wanted.keys {
                    state.wanted[session] = state.wanted[session]?.filter { $0.source != mailbox }
                }
                return left.values.filter { !$0.isAccepted }
            }
            let error = ExchangeError(.closed, "the transport is closed", delivery: .unknown)
            for open in left { open.carried.post.end(.failure(error)) }
        }

        /// Tells the close of a mailbox when the broker has all its requests.
        func endClosing(_ mailbox: EntityID) {
            let signal = state.withLock { state -> OneShot<Void>? in
                guard let signal = state.closing[mailbox] else { return nil }
                let isOver = !state.open.values.contains {
                    $0.lane.source == mailbox && $0.lane.content == .requests && !$0.isAtBroker
                }
                return isOver ? signal : nil
            }
            signal?.set()
        }
    }

    extension CarriedMessage {
        /// Encodes a message for a lane.
        fileprivate init(message: Message, on lane: LaneID, _ carried: CarriedPost) {
            let bytes = try? MessageBytes.encode(message, on: lane)
            self.init(message: message, bytes: bytes ?? [], carried: carried)
        }

        /// The size on the wire, in bytes. A message without a binary form fits no window: it goes through the broker.
        fileprivate var size: Int { bytes.isEmpty ? .max : bytes.count }
    }

    extension UUID {
        /// Makes a name for something in this process.
        fileprivate init(number: UInt64) {
            func byte(_ place: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: number >> (8 * place)) }
            self.init(
                uuid: (
                    0, 0, 0, 0, 0, 0, 0, 0, byte(7), byte(6), byte(5), byte(4), byte(3), byte(2), byte(1), byte(0)
                )
            )
        }
    }
#endif
