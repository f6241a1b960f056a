import Foundation

@testable import HybridExchange

/// A requester with the real lane, an owner, its successor, a mailbox and one connection as a small machine, for an
/// exhaustive search.
///
/// What one process or the broker does at once is one step. Replies of the broker come at once; a process that notices
/// a loss publishes at once; both simplifications hide no order of messages in one queue.
struct LaneModel {
    /// The rules that the model goes by: those of the design, or without one of them.
    enum Rules: CaseIterable {
        case asDesigned
        /// The peer says that a lane is open before it has read the marker.
        case noMarker
        /// The receiver takes messages behind one that it refused.
        case refusalKeepsOpen
        /// The requester publishes nothing when a connection ends.
        case noPublishingAfterLoss
        /// The owner publishes no answer again when a connection ends.
        case answersNotSentAgain
        /// The owner acknowledges a delivery when the answer is written, not when the requester has it.
        case acknowledgedWhenWritten
        /// The owner publishes nothing of a requester that vanished.
        case nothingMadeSafe
        /// The owner acknowledges a message before it is in its inbox.
        case acknowledgedBeforeInbox
        /// The owner knows a copy only while its tag is in the window.
        case windowPassed
    }

    enum ToOwner: Hashable {
        case open(UInt32, isMarked: Bool)
        case data(Int, opening: UInt32, isCopied: Bool)
        case expectCopy(Int)
        case haveAnswer(Int)
    }

    enum ToRequester: Hashable {
        case opened(UInt32)
        case acknowledged(UInt32, count: UInt64)
        case refused(UInt32, from: UInt64, Refusal)
        case queued(Int)
        case answer(Int)
    }

    /// An entry of the mailbox on the broker.
    enum Letter: Hashable {
        case request(Int, mayComeAgain: Bool)
        case marker(UInt32)

        /// The number of a request.
        var number: Int? { if case .request(let number, _) = self { number } else { nil } }
    }

    /// A set of requests.
    struct Requests: OptionSet, Hashable {
        let rawValue: UInt8

        init(rawValue: UInt8) { self.rawValue = rawValue }

        init(_ number: Int) { rawValue = 1 << UInt8(number) }

        func has(_ number: Int) -> Bool { contains(Requests(number)) }
    }

    struct Owner: Hashable {
        var isAlive = true
        /// Whether it refuses everything, because the mailbox was terminated.
        var isLettingGo = false
        var isLinked = false
        var intake = LaneIntake()
        /// The opening that waits for its marker.
        var marked: UInt32?
        /// The last opening of which it has read the marker.
        var readMarker: UInt32 = 0
        /// A message that is acknowledged and not in the inbox: only without a rule.
        var pending: Int?
        /// Requests that it runs, or with an answer that the requester may not have.
        var held: Requests = []
        /// Of them, those that came directly.
        var direct: Requests = []
        /// Of them, those with an answer on the socket.
        var answered: Requests = []
        /// All that it began.
        var began: Requests = []
        /// The window of known tags: the last one that was answered.
        var window: Int?
        /// Requests that the broker has too.
        var copied: Requests = []
        /// Requests of which a copy may come, however late.
        var expected: Requests = []
    }

    struct State: Hashable {
        /// The number of the lane's value in ``LaneValues``.
        var lane = 0
        var isRequesterAlive = true
        var isRequesterLinked = false
        /// Whether the connection is cut; its two ends may not have noticed.
        var isCut = false
        var toOwner: [ToOwner] = []
        var toRequester: [ToRequester] = []
        var mailbox: [Letter] = []
        var owner = Owner()
        /// Unacknowledged deliveries at the owner, in order.
        var delivered: [Letter] = []
        var isTerminated = false
        /// Whether a long time has passed.
        var isLater = false

        var sent = 0
        var accepted: Requests = []
        /// Requests with a `send` that threw.
        var failed: Requests = []
        /// Of them, those that may have been taken.
        var uncertain: Requests = []
        /// Answers in the requester's queues on the broker.
        var posted: Requests = []
        /// Requests with an answer that the requester has.
        var answered: Requests = []
        /// All that any owner began.
        var taken: Requests = []
        var fault: String?
        /// Whether both died before the second noticed the death of the first.
        var isExcused = false

        var connections: UInt8 = 0
        var cuts: UInt8 = 0
        var deaths: UInt8 = 0
        var successors: UInt8 = 0

        /// Whether the owner has an unacknowledged delivery of a request.
        func isDelivered(_ number: Int) -> Bool { delivered.contains { $0.number == number } }

        /// Hashes little: comparing is cheaper.
        func hash(into hasher: inout Hasher) {
            hasher.combine(lane << 32 | mailbox.count << 24 | toOwner.count << 16 | toRequester.count << 8 | sent)
            let requests = UInt64(accepted.rawValue) << 56 | UInt64(posted.rawValue) << 48
            let owned = UInt64(owner.held.rawValue) << 40 | UInt64(owner.answered.rawValue) << 32
            let more = UInt64(owner.expected.rawValue) << 24 | UInt64(answered.rawValue) << 16
            hasher.combine(requests | owned | more | UInt64(deaths) << 8 | UInt64(taken.rawValue))
        }
    }

    /// The values that the lane has had. States refer to them by number, because comparing them takes long.
    final class LaneValues {
        private var values: [Lane<Int>] = []
        private var numbers: [Lane<Int>: Int] = [:]

        subscript(number: Int) -> Lane<Int> { values[number] }

        func number(of value: Lane<Int>) -> Int {
            if let number = numbers[value] { return number }
            numbers[value] = values.count
            values.append(value)
            return values.count - 1
        }
    }

    static let tags = (0..<8).map { _ in UUID() }
    static let start = ContinuousClock.Instant.now
    static let room = LaneRoom(messages: 100, bytes: 1000, keptBytes: 1000, largest: 1000, isIdle: true)

    var rules = Rules.asDesigned
    var durability = Durability.requester
    /// The number of requests.
    var requests = 2
    var maximumConnections: UInt8 = 1
    var maximumCuts: UInt8 = 1
    var maximumDeaths: UInt8 = 1
    var mayTerminate = false
    /// Whether answers may go through the broker while there is a connection.
    var mayAnswerByBroker = false

    let lanes = LaneValues()

    func now(_ state: State) -> ContinuousClock.Instant { Self.start + (state.isLater ? .seconds(86_400) : .zero) }

    /// The states that may follow a state.
    func successors(of state: State) -> [State] {
        guard state.fault == nil else { return [] }
        var next: [State] = []
        if state.isRequesterAlive { request(state, &next) }
        if state.owner.isAlive { own(state, &next) }
        link(state, &next)
        end(state, &next)
        return next
    }

    var initial: [State] {
        var state = State()
        state.lane = lanes.number(of: Lane(.requests, durability: durability))
        return [state]
    }
}

// MARK: The connection, and ends

extension LaneModel {
    private func link(_ state: State, _ next: inout [State]) {
        let isApart = !state.isRequesterLinked && !state.owner.isLinked
        if isApart, state.isRequesterAlive, state.owner.isAlive, !state.owner.isLettingGo,
            state.connections < maximumConnections
        {
            var new = state
            new.connections += 1
            new.isCut = false
            new.isRequesterLinked = true
            new.owner.isLinked = true
            new.owner.intake = LaneIntake()
            new.owner.marked = nil
            change(&new) { $0.connected(mayBeUnread: false, now: now(state)) }
            next.append(new)
        }
        if state.isRequesterLinked || state.owner.isLinked, !state.isCut, state.cuts < maximumCuts {
            var new = state
            new.cuts += 1
            cut(&new)
            next.append(new)
        }
    }

    private func cut(_ state: inout State) {
        state.isCut = true
        state.toOwner = []
        state.toRequester = []
    }

    private func end(_ state: State, _ next: inout [State]) {
        if mayTerminate, !state.isTerminated {
            var new = state
            new.isTerminated = true
            next.append(new)
        }
        if state.isTerminated, !state.owner.isAlive || (state.owner.isLettingGo && state.owner.held.isEmpty),
            let letter = state.mailbox.first
        {
            // The drain answers.
            var new = state
            new.mailbox.removeFirst()
            if case .request(let number, _) = letter { new.posted.insert(Requests(number)) }
            next.append(new)
        }
        if !state.owner.isAlive, state.successors < maximumDeaths, !state.isTerminated {
            var new = state
            new.successors += 1
            new.owner = Owner()
            next.append(new)
        }
        guard state.deaths < maximumDeaths else { return }
        if state.owner.isAlive {
            var new = state
            new.deaths += 1
            new.isExcused = state.isExcused || (!state.isRequesterAlive && state.owner.isLinked)
            if state.owner.isLinked { cut(&new) }
            new.mailbox = state.delivered + state.mailbox
            new.delivered = []
            new.owner = Owner()
            new.owner.isAlive = false
            next.append(new)
        }
        if state.isRequesterAlive {
            var new = state
            new.deaths += 1
            new.isExcused = state.isExcused || (state.isRequesterLinked && !state.owner.isLinked)
            if state.isRequesterLinked { cut(&new) }
            new.isRequesterAlive = false
            new.isRequesterLinked = false
            new.lane = lanes.number(of: Lane(.requests, durability: durability))
            next.append(new)
        }
    }
}

// MARK: What must hold

extension LaneModel {
    /// The fault of a state by itself.
    func fault(in state: State) -> String? {
        if let fault = state.fault { return fault }
        guard !state.isRequesterAlive, !state.isExcused else { return nil }
        for number in 0..<state.sent where state.accepted.has(number) && !isSafe(number, state) {
            return "an accepted request is nowhere, and not answered"
        }
        return nil
    }

    private func isSafe(_ number: Int, _ state: State) -> Bool {
        if state.answered.has(number) || state.posted.has(number) { return true }
        if state.owner.held.has(number) || state.owner.pending == number { return true }
        return state.mailbox.contains { $0.number == number }
    }

    /// Whether nothing is left to be done: each accepted request has its answer.
    func isGood(_ state: State) -> Bool {
        guard state.fault == nil else { return true }
        guard state.isRequesterAlive else {
            return state.isExcused
                || (0..<state.sent).allSatisfy {
                    !state.accepted.has($0) || state.answered.has($0) || state.posted.has($0)
                }
        }
        return state.sent == requests
            && (0..<state.sent).allSatisfy { state.answered.has($0) || state.failed.has($0) }
            && state.accepted.isSubset(of: state.answered)
    }
}
