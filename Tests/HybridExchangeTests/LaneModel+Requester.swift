@testable import HybridExchange

// MARK: The requester

extension LaneModel {
    func request(_ state: State, _ next: inout [State]) {
        if state.sent < requests {
            var new = state
            let number = state.sent
            new.sent += 1
            let tag = Self.tags[number]
            change(&new) { $0.send(tag, number, bytes: 1, room: Self.room, now: now(state)) }
            next.append(new)
        }
        if state.isRequesterLinked, let frame = state.toRequester.first {
            var new = state
            new.toRequester.removeFirst()
            do { try read(frame, &new) } catch { new.fault = "a correct peer was accused: \(error)" }
            next.append(new)
        }
        for number in 0..<requests where state.posted.has(number) {
            var new = state
            new.posted.remove(Requests(number))
            get(number, &new)
            next.append(new)
        }
        if let deadline = lanes[state.lane].deadline {
            var new = state
            change(&new) { $0.tick(at: max(deadline, now(state))) }
            next.append(new)
        }
        if !state.isLater, state.isRequesterLinked, lanes[state.lane].way == .broker, state.sent > 0,
            state.sent < requests
        {
            var new = state
            new.isLater = true
            next.append(new)
        }
        // A connection that the owner closed is read to its end.
        let isClosed = !state.owner.isLinked && state.toRequester.isEmpty
        if state.isRequesterLinked, state.isCut || isClosed {
            var new = state
            new.isRequesterLinked = false
            new.toRequester = []
            change(&new) { lane in
                var actions = lane.disconnected()
                if rules == .noPublishingAfterLoss {
                    actions.removeAll { if case .publish = $0 { true } else { false } }
                }
                return actions
            }
            next.append(new)
        }
    }

    private func read(_ frame: ToRequester, _ state: inout State) throws(LaneViolation) {
        let now = now(state)
        switch frame {
        case .opened(let opening):
            try change(&state) { lane throws(LaneViolation) in
                try lane.opened(opening, room: Self.room, now: now)
            }
        case .acknowledged(let opening, let count):
            try change(&state) { lane throws(LaneViolation) in
                try lane.acknowledged(opening, count: count, room: Self.room, now: now)
            }
        case .refused(let opening, let position, let reason):
            try change(&state) { lane throws(LaneViolation) in
                try lane.refused(opening, from: position, reason, now: now)
            }
        case .queued(let number):
            change(&state) { $0.queued(Self.tags[number]) }
        case .answer(let number):
            get(number, &state)
            if !state.isCut { state.toOwner.append(.haveAnswer(number)) }
        }
    }

    /// The requester gets an answer. It drops a second one.
    private func get(_ number: Int, _ state: inout State) {
        state.answered.insert(Requests(number))
        let now = now(state)
        change(&state) { $0.ended(Self.tags[number], isAnswered: true, now: now) }
    }

    /// Lets an event change the lane, and carries out its actions.
    func change<Failure: Error>(
        _ state: inout State,
        _ event: (inout Lane<Int>) throws(Failure) -> [LaneAction<Int>]
    ) throws(Failure) {
        var lane = lanes[state.lane]
        let actions = try event(&lane)
        state.lane = lanes.number(of: lane)
        perform(actions, &state)
    }

    private func perform(_ actions: [LaneAction<Int>], _ state: inout State) {
        for action in actions {
            switch action {
            case .publish(let tag, let number, _, let mayComeAgain):
                if state.isTerminated {
                    change(&state) { $0.returned(tag) }
                } else {
                    state.mailbox.append(.request(number, mayComeAgain: mayComeAgain))
                    change(&state) { $0.confirmed(tag) }
                }
            case .open(let opening, let isMarked):
                if isMarked, rules != .noMarker, !state.isTerminated { state.mailbox.append(.marker(opening)) }
                write(.open(opening, isMarked: isMarked), &state)
            case .write(_, let number, let opening, let isCopied):
                write(.data(number, opening: opening, isCopied: isCopied), &state)
            case .expectCopy(let tag):
                if let number = Self.tags.firstIndex(of: tag) { write(.expectCopy(number), &state) }
            case .accept(let tag):
                if let number = Self.tags.firstIndex(of: tag) { state.accepted.insert(Requests(number)) }
            case .fail(let tag, let wasAccepted, let mayBeTaken):
                guard let number = Self.tags.firstIndex(of: tag) else { continue }
                if wasAccepted {
                    state.answered.insert(Requests(number))
                } else {
                    state.failed.insert(Requests(number))
                    if mayBeTaken { state.uncertain.insert(Requests(number)) }
                }
            }
        }
    }

    private func write(_ frame: ToOwner, _ state: inout State) {
        if state.isRequesterLinked, state.owner.isLinked, !state.isCut { state.toOwner.append(frame) }
    }
}
