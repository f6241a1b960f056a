/// The compaction of the directory as a small machine, for an exhaustive search: sessions that compact and may die, and one
/// that registers an agent and terminates another meanwhile. Each may forget the termination at any moment after it has
/// read it.
///
/// What the broker does at once is one step here. What two processes do is interleaved in every way.
struct CompactionModel {
    /// In which order a session goes to work.
    enum Order: CaseIterable {
        /// Make the copy, wait, fill it, delete the stream, make it anew, fill it, wait, fill it, delete the copy.
        case asBuilt
        /// Nothing is waited for after a stream was made.
        case noGrace
        /// The stream is deleted before its copy was filled.
        case deleteBeforeFill
        /// The copy is deleted before the new stream was filled.
        case deleteCopyEarly
        /// Two sessions may compact at a time.
        case noLock
        /// A copy that is there is taken for the remains of a compaction, and deleted.
        case copyIsRubbish
        /// Nobody finishes what a session left.
        case nobodyFinishes
        /// A reader may forget a termination while it reads a stream from its beginning.
        case forgetsWhileReading
        /// A reader that has forgotten a termination believes a copy that comes later.
        case believesCopies
        /// A session that has forgotten a termination leaves it to itself that a new stream says the agent lives.
        case leavesGhosts
    }

    /// How far a session is.
    enum Progress: UInt8, Hashable {
        case idle, dead, locked, makeCopy, waitForCopy, readForCopy, fillCopy, deleteMain, makeMain
        case readFirst, fillFirst, waitForMain, readForMain, fillMain, deleteCopy, dropRubbish, unlock
    }

    /// A stream: the records in it, as bits.
    struct Stream: Hashable {
        var exists = false
        var records: UInt8 = 0
        /// Whether the registration of the agent came in once more after its termination.
        var isRevived = false
    }

    /// A record on its way from the exchange, to where it was routed.
    enum Flight: UInt8, Hashable {
        case notSent, toMain, toCopy, toBoth, confirmed
    }

    struct State: Hashable {
        var main = Stream(exists: true, records: 1)
        var copy = Stream()
        /// A registration, and the termination of an agent that was there from the beginning.
        var flights: [Flight] = [.notSent, .notSent]
        /// Which of them were routed before the last stream was made.
        var isOld: [Bool] = [false, false]
        var sessions: [Progress] = [.idle, .idle]
        /// What each session has read.
        var known: [UInt8] = [0, 0]
        /// Who has forgotten the termination.
        var hasForgotten: [Bool] = [false, false]
        var lock: UInt8?
        var crashes: UInt8 = 0
        /// Compactions that may still begin.
        var left: UInt8 = 2
    }

    let order: Order
    var maximumCrashes: UInt8

    /// The records as bits: an agent from the beginning, another's registration, the termination of the first.
    static let (agent, registration, termination): (UInt8, UInt8, UInt8) = (1, 2, 4)
}

extension CompactionModel {
    var initial: [State] { [State()] }

    /// Every state that may come next.
    func successors(of state: State) -> [State] {
        var next: [State] = []
        for record in state.flights.indices { carry(record, state, &next) }
        for session in state.sessions.indices {
            work(session, state, &next)
            let progress = state.sessions[session]
            guard progress != .idle, progress != .dead, state.crashes < maximumCrashes else { continue }
            // Its lock goes with its connection, and so do its calls.
            var new = state
            new.crashes += 1
            new.sessions[session] = order == .nobodyFinishes ? .dead : .idle
            new.left = max(new.left, 1)
            if new.lock == UInt8(session) { new.lock = nil }
            new.known[session] = 0
            new.hasForgotten[session] = false
            next.append(new)
        }
        return next
    }

    /// A record is routed by the bindings of that moment, and comes to each stream later; it is confirmed when it is in all.
    private func carry(_ record: Int, _ state: State, _ next: inout [State]) {
        var new = state
        let bit = UInt8(2) << UInt8(record)
        switch state.flights[record] {
        case .notSent:
            guard state.main.exists || state.copy.exists else { return }
            new.flights[record] = !state.copy.exists ? .toMain : state.main.exists ? .toBoth : .toCopy
            next.append(new)
        case .toMain:
            // In a stream that was deleted meanwhile it is lost, and confirmed.
            if state.main.exists { new.main.records |= bit }
            new.flights[record] = .confirmed
            next.append(new)
        case .toCopy:
            if state.copy.exists { new.copy.records |= bit }
            new.flights[record] = .confirmed
            next.append(new)
        case .toBoth:
            if state.main.exists { new.main.records |= bit }
            new.flights[record] = .toCopy
            next.append(new)
            var other = state
            if state.copy.exists { other.copy.records |= bit }
            other.flights[record] = .toMain
            next.append(other)
        case .confirmed:
            break
        }
    }

    private func work(_ session: Int, _ state: State, _ next: inout [State]) {
        var new = state
        func go(_ progress: Progress) {
            new.sessions[session] = progress
            next.append(new)
        }
        func isUnderWay() -> Bool {
            state.flights.indices.contains { state.isOld[$0] && state.flights[$0] != .confirmed }
        }
        func make(_ stream: WritableKeyPath<State, Stream>) {
            guard !new[keyPath: stream].exists else { return }
            new[keyPath: stream] = Stream(exists: true)
            for record in new.flights.indices where ![.notSent, .confirmed].contains(new.flights[record]) {
                new.isOld[record] = true
            }
        }
        /// What is announced comes to each stream that is there: of an agent that was terminated, that only.
        func announce() {
            let known = new.known[session]
            let isTerminated = known & Self.termination != 0
            for stream in [\State.main, \State.copy] where new[keyPath: stream].exists {
                let before = new[keyPath: stream].records
                if known & Self.agent != 0, !isTerminated, before & Self.termination != 0 {
                    new[keyPath: stream].isRevived = true
                }
                new[keyPath: stream].records |= isTerminated ? known & ~Self.agent : known
                let isGhost = before & (Self.agent | Self.termination) == Self.agent
                if new.hasForgotten[session], isGhost, order != .leavesGhosts {
                    new[keyPath: stream].records |= Self.termination
                }
            }
        }
        func read() {
            new.known[session] = state.main.records | state.copy.records
            guard state.hasForgotten[session] else { return }
            new.known[session] &= ~(Self.agent | Self.termination)
            if order == .believesCopies, state.main.isRevived || state.copy.isRevived {
                new.known[session] |= Self.agent
            }
        }

        if state.known[session] & Self.termination != 0 {
            var forgetting = state
            forgetting.hasForgotten[session] = true
            forgetting.known[session] &= ~(Self.agent | Self.termination)
            next.append(forgetting)
        }

        switch state.sessions[session] {
        case .idle:
            guard state.lock == nil || order == .noLock, state.left > 0 || state.copy.exists || !state.main.exists
            else {
                return
            }
            new.lock = UInt8(session)
            if new.left > 0 { new.left -= 1 }
            go(.locked)
        case .dead:
            break
        case .locked:
            go(!state.copy.exists ? .makeCopy : order == .copyIsRubbish ? .dropRubbish : .makeMain)
        case .dropRubbish:
            new.copy = Stream()
            go(.makeCopy)
        case .makeCopy:
            make(\.copy)
            go(order == .deleteBeforeFill ? .deleteMain : order == .noGrace ? .readForCopy : .waitForCopy)
        case .waitForCopy:
            if !isUnderWay() { go(.readForCopy) }
        case .readForCopy:
            read()
            go(.fillCopy)
        case .fillCopy:
            announce()
            go(.deleteMain)
        case .deleteMain:
            new.main = Stream()
            go(.makeMain)
        case .makeMain:
            make(\.main)
            go(order == .deleteCopyEarly ? .deleteCopy : .readFirst)
        case .readFirst:
            read()
            go(.fillFirst)
        case .fillFirst:
            announce()
            go(order == .noGrace ? .deleteCopy : .waitForMain)
        case .waitForMain:
            if !isUnderWay() { go(.readForMain) }
        case .readForMain:
            read()
            go(.fillMain)
        case .fillMain:
            announce()
            go(.deleteCopy)
        case .deleteCopy:
            new.copy = Stream()
            go(.unlock)
        case .unlock:
            if new.lock == UInt8(session) { new.lock = nil }
            go(.idle)
        }
    }

    /// What was there at the beginning, and what is confirmed, must be in a stream at each moment: sessions read both. Of the
    /// agent that was terminated it is enough that nothing says it lives.
    func fault(in state: State) -> String? {
        let records = (state.main.exists ? state.main.records : 0) | (state.copy.exists ? state.copy.records : 0)
        if state.flights[1] == .notSent, records & Self.agent == 0 {
            return "an agent that was registered before is in no stream"
        }
        if state.flights[0] == .confirmed, records & Self.registration == 0 {
            return "a record that was confirmed is in no stream"
        }
        let isRevived = state.main.isRevived || state.copy.isRevived
        let isFound = records & (Self.agent | Self.termination) == Self.agent
        if state.flights[1] == .confirmed, isFound || isRevived && order == .forgetsWhileReading {
            return "an agent that was terminated is found again"
        }
        return nil
    }

    /// The stream alone has everything.
    func isGood(_ state: State) -> Bool {
        !state.copy.exists && state.main.exists && state.lock == nil
            && state.main.records & Self.registration != 0
            && state.main.records & (Self.agent | Self.termination) != Self.agent
            && state.flights.allSatisfy { $0 == .confirmed }
    }
}
