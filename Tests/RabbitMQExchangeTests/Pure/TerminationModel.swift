/// The termination of one mailbox as a small machine, for an exhaustive search: who may do what next, and who may die.
///
/// What the broker does at once is one step here. What two processes do is interleaved in every way.
struct TerminationModel {
    /// In which order an author goes to work.
    enum Order: CaseIterable {
        /// Announce, unbind, let the owner go, drain up to a marker, delete.
        case asBuilt
        /// The queue is deleted before it is drained.
        case deleteBeforeDrain
        /// The mailbox is drained while messages still get in.
        case drainBeforeUnbind
        /// The message is acknowledged before it is among the dead letters.
        case acknowledgeBeforeMove
        /// The mailbox is drained while its owner is served.
        case drainBesideOwner
        /// The queue is deleted although an owner that stopped consuming still holds something.
        case deleteBeforeRelease
        /// A mailbox can be opened although it was terminated.
        case openedAnyway
        /// Only authors finish terminations.
        case nobodyFinishes
    }

    /// How far a process is with the termination.
    enum Progress: UInt8, Hashable {
        case idle, announce, unbind, lock, attach, tell, wait, mark, drain, delete, unlock, record, done, dead
    }

    enum Owner: UInt8, Hashable {
        /// Serves the mailbox.
        case serving
        /// Does nothing, and is connected.
        case hung
        /// Was told to let go: consumes no more, and answers what it holds.
        case lettingGo
        /// Closes: consumes no more, and gives back what it holds, or answers it when the mailbox was terminated.
        case closing
        /// Consumes no more.
        case gone
    }

    /// Where a request is.
    enum Place: UInt8, Hashable {
        case unsent, refused, ready, held, draining, moved, deadLetter, beingAnswered, lost, settled
    }

    /// One request, and the copies of it.
    struct Letter: Hashable {
        var place = Place.unsent
        /// A second copy, where the first could have been handled before a crash.
        var twin = Place.unsent
        var isAnswered = false
        /// Whether the answer says that the mailbox was terminated.
        var isRefusedByAnswer = false
        var wasRunAfterRefusal = false
    }

    struct State: Hashable {
        var isAnnounced = false
        var isBound = true
        var queueExists = true
        var isRecorded = false
        /// Who has the lock: the index of an author.
        var lock: UInt8?
        /// Whether the marker is in the queue; it is behind every letter that is there when it is sent.
        var marker: UInt8?
        var owner = Owner.serving
        /// Whether the owner was told to let go.
        var wasTold = false
        var authors: [Progress] = [.idle, .idle, .idle]
        var letters: [Letter]
        var crashes: UInt8 = 0

        /// Whether the owner consumes no more, and may hold something.
        var hasStopped: Bool { owner == .lettingGo || owner == .closing }
    }

    let order: Order
    /// How many requests are sent.
    var requests = 2
    /// How many processes die.
    var maximumCrashes: UInt8 = 2

    /// The last author is a session that finishes what others left; it does not die.
    static let finisher = 2
}

// MARK: Steps

extension TerminationModel {
    /// The first states: with an owner that serves, that hangs, and without one.
    var initial: [State] {
        [Owner.serving, .hung, .gone].map { owner in
            var state = State(letters: Array(repeating: Letter(), count: requests))
            state.owner = owner
            return state
        }
    }

    /// Every state that may come next.
    func successors(of state: State) -> [State] {
        var next: [State] = []
        publish(state, &next)
        own(state, &next)
        for author in state.authors.indices { work(author, state, &next) }
        answerDeadLetters(state, &next)
        crash(state, &next)
        return next
    }

    private func publish(_ state: State, _ next: inout [State]) {
        // Sends are in order: the second request begins when the first is there.
        guard let index = state.letters.firstIndex(where: { $0.place == .unsent }) else { return }
        var new = state
        new.letters[index].place = state.isBound && state.queueExists ? .ready : .refused
        next.append(new)
    }

    private func own(_ state: State, _ next: inout [State]) {
        for index in state.letters.indices {
            let letter = state.letters[index]
            if state.owner == .serving, letter.place == .ready, state.queueExists, isFirst(index, state) {
                var new = state
                new.letters[index].place = .held
                if letter.isRefusedByAnswer { new.letters[index].wasRunAfterRefusal = true }
                next.append(new)
            }
            if letter.place == .held, state.owner != .hung, state.owner != .gone {
                // The answer is confirmed, then the delivery acknowledged; a crash between the two is below.
                var new = state
                new.letters[index].isAnswered = true
                if state.owner != .serving { new.letters[index].isRefusedByAnswer = state.isAnnounced }
                new.letters[index].place = .settled
                next.append(new)
            }
            if letter.place == .held, state.owner == .closing {
                var new = state
                new.letters[index].place = state.queueExists ? .ready : .lost
                next.append(new)
            }
        }
        if state.hasStopped, !state.letters.contains(where: { $0.place == .held }) {
            var new = state
            new.owner = .gone
            next.append(new)
        }
        if state.owner == .hung {
            // It goes on; when its connection was closed meanwhile it was as good as dead, see `crash`.
            var new = state
            new.owner = .serving
            next.append(new)
        }
        if state.owner == .gone, state.queueExists, !state.isAnnounced || order == .openedAnyway {
            // It comes back, or another process opens the mailbox; of a terminated one the directory says no.
            var new = state
            new.owner = .serving
            next.append(new)
        }
        if state.wasTold, state.owner == .serving || state.owner == .closing {
            var new = state
            new.owner = .lettingGo
            next.append(new)
        }
        if state.owner == .serving {
            var new = state
            new.owner = .closing
            next.append(new)
        }
        if !state.queueExists, state.owner == .serving {
            // The broker cancels its consumer; it looks at the directory.
            var new = state
            new.owner = state.isAnnounced ? .lettingGo : .gone
            next.append(new)
        }
    }

    private func isFirst(_ index: Int, _ state: State) -> Bool {
        !state.letters[..<index].contains { $0.place == .ready }
    }

    private func work(_ author: Int, _ state: State, _ next: inout [State]) {
        var new = state
        func go(_ progress: Progress) {
            new.authors[author] = progress
            next.append(new)
        }
        switch state.authors[author] {
        case .idle where author == Self.finisher:
            guard order != .nobodyFinishes, state.isAnnounced, !state.isRecorded else { return }
            go(state.queueExists ? begin : .record)
        case .idle:
            go(.announce)
        case .announce:
            new.isAnnounced = true
            go(begin)
        case .unbind:
            new.isBound = false
            go(order == .drainBeforeUnbind ? .delete : .lock)
        case .lock:
            guard state.queueExists else {
                go(.record)
                return
            }
            guard state.lock == nil else { return }
            new.lock = UInt8(author)
            go(order == .deleteBeforeDrain ? .delete : .attach)
        case .attach:
            go(state.queueExists ? .tell : .unlock)
        case .tell:
            tell(author, state, &next)
        case .wait:
            // Until the owner has let go, or holds nothing and has no consumer. One that consumes is not waited for for
            // ever: the marker waits behind it.
            if !state.hasStopped { go(.mark) }
        case .mark:
            new.marker = UInt8(author)
            go(.drain)
        case .drain:
            drain(author, state, &next)
        case .delete:
            new.queueExists = false
            new.marker = nil
            for index in new.letters.indices {
                if [.ready, .draining].contains(new.letters[index].place) { new.letters[index].place = .lost }
            }
            go(.unlock)
        case .unlock:
            if state.lock == UInt8(author) { new.lock = nil }
            go(state.queueExists ? .done : .record)
        case .record:
            new.isRecorded = true
            go(.done)
        case .done where author == Self.finisher && !state.isRecorded:
            go(.idle)
        case .done, .dead:
            return
        }
    }

    /// What follows the announcement.
    private var begin: Progress { order == .drainBeforeUnbind ? .lock : .unbind }

    private func tell(_ author: Int, _ state: State, _ next: inout [State]) {
        // An owner that hangs reads it later.
        var new = state
        new.wasTold = true
        new.authors[author] = .wait
        next.append(new)
    }

    private func drain(_ author: Int, _ state: State, _ next: inout [State]) {
        // The broker serves one consumer: this one when the owner's is gone. It may still hold something.
        guard state.owner == .gone || state.hasStopped || order == .drainBesideOwner else { return }
        for index in state.letters.indices {
            var new = state
            switch state.letters[index].place {
            case .ready where isFirst(index, state):
                new.letters[index].place = .draining
                next.append(new)
            case .draining:
                // Answered by the author, or moved to the dead letters; both before it is acknowledged.
                if order != .acknowledgeBeforeMove {
                    var answered = state
                    answered.letters[index].place = .moved
                    answered.letters[index].isAnswered = true
                    answered.letters[index].isRefusedByAnswer = true
                    next.append(answered)
                }
                new.letters[index].place = order == .acknowledgeBeforeMove ? .lost : .moved
                if order != .acknowledgeBeforeMove { new.letters[index].twin = .deadLetter }
                next.append(new)
            case .lost where order == .acknowledgeBeforeMove:
                new.letters[index].place = .settled
                new.letters[index].twin = .deadLetter
                next.append(new)
            case .moved:
                // Acknowledged.
                new.letters[index].place = .settled
                next.append(new)
            default: break
            }
        }
        let isUnderWay = state.letters.contains { [.draining, .moved].contains($0.place) }
        // Letters that came before the marker are before it in the queue; with the mailbox unbound there are no others.
        let isBefore = order != .drainBeforeUnbind && state.letters.contains { $0.place == .ready }
        if state.marker == UInt8(author), !isUnderWay, !isBefore {
            var new = state
            new.marker = nil
            new.authors[author] = order == .drainBeforeUnbind ? .unbind : .delete
            // Of an owner that has begun to let go something may come back: it is waited for, and another marker sent.
            if state.hasStopped, order != .deleteBeforeRelease { new.authors[author] = .wait }
            next.append(new)
        }
    }

    private func answerDeadLetters(_ state: State, _ next: inout [State]) {
        for index in state.letters.indices {
            var new = state
            switch state.letters[index].twin {
            case .deadLetter:
                new.letters[index].twin = .beingAnswered
                next.append(new)
            case .beingAnswered:
                // The answer is confirmed; it may die before the acknowledgement, see `crash`.
                new.letters[index].isAnswered = true
                new.letters[index].isRefusedByAnswer = true
                next.append(new)
                new.letters[index].twin = .settled
                next.append(new)
            default: break
            }
        }
    }

    /// Somebody dies: what it held goes back to where it was.
    private func crash(_ state: State, _ next: inout [State]) {
        guard state.crashes < maximumCrashes else { return }
        var dead = state
        dead.crashes += 1
        for author in state.authors.indices where author != Self.finisher {
            guard ![.idle, .done, .dead].contains(state.authors[author]) else { continue }
            var new = dead
            new.authors[author] = .dead
            if state.lock == UInt8(author) {
                new.lock = nil
                release([.draining, .moved], in: &new)
            }
            next.append(new)
        }
        if state.owner != .gone {
            var new = dead
            new.owner = .gone
            release([.held], in: &new)
            next.append(new)
            // It died after the answer and before the acknowledgement.
            if let index = state.letters.firstIndex(where: { $0.place == .held }), state.owner == .serving {
                new.letters[index].isAnswered = true
                next.append(new)
            }
        }
        if state.letters.contains(where: { $0.twin == .beingAnswered }) {
            var new = dead
            for index in new.letters.indices where new.letters[index].twin == .beingAnswered {
                new.letters[index].twin = .deadLetter
            }
            next.append(new)
        }
    }

    private func release(_ places: Set<Place>, in state: inout State) {
        for index in state.letters.indices where places.contains(state.letters[index].place) {
            state.letters[index].place = state.queueExists ? .ready : .lost
        }
    }
}

// MARK: What must hold

extension TerminationModel {
    /// What is wrong with a state, whatever comes next.
    func fault(in state: State) -> String? {
        for letter in state.letters {
            if letter.wasRunAfterRefusal { return "a request was run after its requester was told of the termination" }
            let isSomewhere =
                [.ready, .held, .draining, .moved].contains(letter.place)
                || [.deadLetter, .beingAnswered].contains(letter.twin)
            let isAccepted = ![.unsent, .refused].contains(letter.place)
            if isAccepted, !letter.isAnswered, !isSomewhere {
                return "an accepted request is nowhere, and not answered"
            }
        }
        return nil
    }

    /// Whether nothing is left to be done: the termination has ended, or never began.
    func isGood(_ state: State) -> Bool {
        guard state.isAnnounced else { return state.authors.allSatisfy { [.idle, .dead].contains($0) } }
        return !state.queueExists && state.isRecorded
            && state.letters.allSatisfy { [.unsent, .refused].contains($0.place) || $0.isAnswered }
    }
}
