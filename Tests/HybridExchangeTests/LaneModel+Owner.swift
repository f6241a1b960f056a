@testable import HybridExchange

// MARK: The owner of the mailbox

extension LaneModel {
    func own(_ state: State, _ next: inout [State]) {
        if state.owner.isLinked, let frame = state.toOwner.first { read(frame, state, &next) }
        if !state.owner.isLettingGo, let letter = state.mailbox.first {
            var new = state
            new.mailbox.removeFirst()
            deliver(letter, &new)
            next.append(new)
        }
        for number in 0..<requests where state.owner.held.has(number) && !state.owner.answered.has(number) {
            answer(number, state, &next)
        }
        if let pending = state.owner.pending {
            var new = state
            new.owner.pending = nil
            begin(pending, isDirect: true, &new)
            next.append(new)
        }
        if state.isTerminated, !state.owner.isLettingGo {
            var new = state
            new.owner.isLettingGo = true
            next.append(new)
        }
        if state.owner.isLinked, state.isCut { noticeLoss(state, &next) }
        if state.deaths < maximumDeaths, !state.owner.isLettingGo { close(state, &next) }
    }

    private func read(_ frame: ToOwner, _ state: State, _ next: inout [State]) {
        var new = state
        new.toOwner.removeFirst()
        switch frame {
        case .open(let opening, let isMarked):
            do { try new.owner.intake.open(opening) } catch { new.fault = "a correct requester was accused: \(error)" }
            if isMarked, rules != .noMarker, state.owner.readMarker < opening {
                new.owner.marked = opening
            } else if isMarked {
                reply(.opened(opening), &new)
            }
        case .expectCopy(let number):
            if state.owner.began.has(number) {
                new.owner.copied.insert(Requests(number))
                new.owner.expected.insert(Requests(number))
            }
        case .haveAnswer(let number):
            if state.owner.answered.has(number) { finish(number, &new) }
        case .data(let number, let opening, let isCopied):
            do {
                guard try new.owner.intake.admits(opening) else { break }
                take(number, isCopied: isCopied, opening, new, &next)
                return
            } catch { new.fault = "a correct requester was accused: \(error)" }
        }
        next.append(new)
    }

    /// Takes or refuses a request that came directly.
    private func take(_ number: Int, isCopied: Bool, _ opening: UInt32, _ state: State, _ next: inout [State]) {
        let isKnown = knows(number, state)
        if isKnown || !state.owner.isLettingGo {
            var new = state
            let position = state.owner.intake.taken
            let count = new.owner.intake.take()
            if rules != .refusalKeepsOpen || state.owner.intake.isOpen, position < count {
                reply(.acknowledged(opening, count: count), &new)
            }
            if isKnown {
                if durability == .requester { new.owner.direct.insert(Requests(number)) }
            } else if rules == .acknowledgedBeforeInbox, new.owner.pending == nil {
                new.owner.pending = number
            } else {
                begin(number, isDirect: true, &new)
            }
            if isCopied {
                new.owner.copied.insert(Requests(number))
                if rules != .windowPassed { new.owner.expected.insert(Requests(number)) }
            }
            next.append(new)
        }
        guard !isKnown else { return }
        var new = state
        let position = new.owner.intake.refuse()
        reply(.refused(opening, from: position, state.owner.isLettingGo ? .terminated : .busy), &new)
        next.append(new)
        guard rules == .refusalKeepsOpen, let second = state.toOwner.first,
            case .data(let behind, opening, _) = second, !knows(behind, state)
        else { return }
        // The receiver takes the next one although it refused this one.
        new.toOwner.removeFirst()
        begin(behind, isDirect: true, &new)
        next.append(new)
    }

    private func knows(_ number: Int, _ state: State) -> Bool {
        state.owner.held.has(number) || state.owner.window == number || state.owner.expected.has(number)
            || state.owner.pending == number
    }

    private func deliver(_ letter: Letter, _ state: inout State) {
        switch letter {
        case .marker(let opening):
            state.owner.readMarker = max(opening, state.owner.readMarker)
            if state.owner.marked == opening {
                state.owner.marked = nil
                reply(.opened(opening), &state)
            }
        case .request(let number, let mayComeAgain):
            if state.owner.held.has(number) {
                if !state.isDelivered(number) { state.delivered.append(letter) }
            } else if state.owner.expected.has(number), state.owner.began.has(number) {
                return
            } else if state.owner.window == number {
                state.posted.insert(Requests(number))
            } else {
                begin(number, isDirect: false, &state)
                state.delivered.append(letter)
                if mayComeAgain, rules != .windowPassed { state.owner.expected.insert(Requests(number)) }
            }
        }
    }

    private func begin(_ number: Int, isDirect: Bool, _ state: inout State) {
        if state.owner.began.has(number) { state.fault = "a request ran twice at one owner" }
        let settled = state.taken.union(state.answered).union(state.posted).union(state.failed)
        if (0..<number).contains(where: { !settled.has($0) }) {
            state.fault = "a request was taken before an earlier one"
        }
        if state.failed.has(number), !state.uncertain.has(number) {
            state.fault = "a request ran although its send was refused"
        }
        state.taken.insert(Requests(number))
        state.owner.began.insert(Requests(number))
        state.owner.held.insert(Requests(number))
        if isDirect { state.owner.direct.insert(Requests(number)) }
    }

    private func answer(_ number: Int, _ state: State, _ next: inout [State]) {
        if !state.owner.isLinked || mayAnswerByBroker {
            var new = state
            new.posted.insert(Requests(number))
            // The requester may not have read the answer when it publishes the request again.
            if state.owner.direct.has(number) { new.owner.expected.insert(Requests(number)) }
            finish(number, &new)
            next.append(new)
        }
        if state.owner.isLinked {
            var new = state
            new.owner.answered.insert(Requests(number))
            reply(.answer(number), &new)
            if rules == .acknowledgedWhenWritten { finish(number, &new) }
            next.append(new)
        }
    }

    /// Forgets a request, and acknowledges its delivery.
    private func finish(_ number: Int, _ state: inout State) {
        state.owner.held.remove(Requests(number))
        state.owner.direct.remove(Requests(number))
        state.owner.answered.remove(Requests(number))
        state.delivered.removeAll { $0.number == number }
        state.owner.window = number
    }

    private func reply(_ frame: ToRequester, _ state: inout State) {
        if !state.isCut, state.isRequesterLinked { state.toRequester.append(frame) }
    }

    /// The connection ended: answers that the requester may not have are published, and requests that came directly may
    /// come again.
    private func noticeLoss(_ state: State, _ next: inout [State]) {
        var new = state
        new.owner.isLinked = false
        new.owner.pending = nil
        new.owner.marked = nil
        new.owner.expected.formUnion(state.owner.direct)
        for number in 0..<requests where state.owner.answered.has(number) {
            if rules != .answersNotSentAgain { new.posted.insert(Requests(number)) }
            finish(number, &new)
        }
        if state.isRequesterAlive { next.append(new) }
        // Some time later it publishes requests that it alone may have, unless the requester came back.
        let alone = rules == .nothingMadeSafe ? [] : alone(state)
        for number in alone where !state.isTerminated { new.mailbox.append(.request(number, mayComeAgain: true)) }
        for number in alone where state.isTerminated {
            // The copy is returned, so it answers that the mailbox was terminated.
            new.posted.insert(Requests(number))
            finish(number, &new)
        }
        if !alone.isEmpty || !state.isRequesterAlive { next.append(new) }
    }

    /// Unanswered requests that came directly, and are not at the broker as far as the owner knows.
    private func alone(_ state: State) -> [Int] {
        let owner = state.owner
        let requests = owner.direct.subtracting(owner.answered).subtracting(owner.copied)
        return (0..<self.requests).filter { requests.has($0) && !state.isDelivered($0) }
    }

    /// The owner closes: it gives back what it holds, says so, and refuses the rest.
    private func close(_ state: State, _ next: inout [State]) {
        guard state.owner.answered.isEmpty, state.owner.pending == nil, !state.isTerminated else { return }
        var new = state
        new.deaths += 1
        for number in alone(state) {
            new.mailbox.append(.request(number, mayComeAgain: true))
            reply(.queued(number), &new)
        }
        new.mailbox = state.delivered + new.mailbox
        new.delivered = []
        if state.owner.isLinked, state.owner.intake.isOpen {
            reply(.refused(state.owner.intake.opening, from: new.owner.intake.refuse(), .notOwner), &new)
        }
        new.toOwner = []
        new.owner = Owner()
        new.owner.isAlive = false
        next.append(new)
    }
}
