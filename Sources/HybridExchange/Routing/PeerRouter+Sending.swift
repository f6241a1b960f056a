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
            // Most requests have no lane.
            guard state.withLock({ $0.table.has(lane) }) else { return false }
            carried.post.leave { [weak self] in self?.withdraw(request) }
            var isHere = false
            perform { state in
                isHere = state.table.has(lane) && state.open[request.tag] == nil && state.session != nil
                guard isHere else { return [] }
                state.open[request.tag] = OpenMessage(
                    lane: lane,
                    carried: carried,
                    response: request.error(.internal, ""),
                    deadline: request.deadline
                )
                if let deadline = request.deadline { state.expiries.insert(request.tag, at: .at(deadline)) }
                let element = CarriedMessage.request(request, carried)
                return state.table.send(request.tag, element, bytes: element.size, on: lane, now: .now)
            }
            return isHere
        }

        /// Takes a response to a session with a connection. Returns `false` for all others.
        func send(_ response: Response, _ carried: CarriedPost) -> Bool {
            guard let queue = carried.way.queue else { return false }
            let lane = LaneID(from: response.source, to: response.destination, .responses)
            var isHere = false
            perform { state in
                var steps: [Table.Step] = []
                if let peer = state.queues[queue], !state.table.isConnected(lane) {
                    steps += state.table.connect(lane, to: peer, mayBeUnread: true, now: .now)
                }
                isHere = state.table.has(lane) && state.session != nil
                guard isHere else { return steps }
                state.lastToken += 1
                let token = UUID(number: state.lastToken)
                state.open[token] = OpenMessage(lane: lane, carried: carried, response: response, deadline: nil)
                let element = CarriedMessage.response(response, carried)
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
            var isSent = false
            if let (connection, number, lane) = found, let bytes = try? MessageBytes.encode(.notice(notice), on: lane) {
                isSent = connection.send(.notice(lane: number, message: bytes)) == .queued
            }
            if case .cancel = notice.body { giveUp(notice.tag, lane) }
            return isSent
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
            if let publication { return publication.cancel() }
            let error = ExchangeError(.cancelled, "the calling task was cancelled", delivery: .unknown)
            end(request.tag, lane, isAnswered: false, .failure(error))
        }

        /// The requester needs no answer any more.
        private func giveUp(_ tag: UUID, _ lane: LaneID) {
            end(tag, lane, isAnswered: false, .success(()))
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
            state.withLock { $0.closing[mailbox] = signal }
            perform { $0.table.close(from: mailbox) }
            endClosing(mailbox)
            _ = await signal.wait(until: .now + .seconds(5))
            let left = state.withLock { state in
                state.closing[mailbox] = nil
                state.table.forget(from: mailbox)
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
