internal import DequeModule
internal import Foundation

/// One lane at its sender: a pure value. Events come in with the time, and actions go out.
///
/// A lane is *broker*, *opening* or *direct*. Its messages arrive in the order of sending, whichever way they go:
///
/// - *Up.* When nothing may be unread at the broker, the lane is direct at once. Otherwise it publishes a marker behind
///   the unread messages, and keeps back later ones until the peer has read it.
/// - *Down.* Messages that the peer may not have are published in order, then those kept back, then new ones. A refusal
///   closes the opening: the peer also refused everything behind it.
///
/// A message that finds the window full is kept back too, and written after the next acknowledgement. Nothing is kept
/// back for longer than ``patience``.
///
/// A request that was given up, or that the broker returned before its `send` did, has no order beside later ones.
struct Lane<Element: Sendable>: Sendable {
    typealias Instant = ContinuousClock.Instant
    typealias Action = LaneAction<Element>

    /// The way of new messages.
    enum Way: Sendable, Hashable {
        case broker, opening, direct
    }

    /// The longest time that a message is kept back.
    static var patience: Duration { .milliseconds(100) }

    /// The time from the first failed opening to the next one. It doubles with each further failure, up to ``longestPause``.
    static var firstPause: Duration { .seconds(1) }

    /// The longest time from a failed opening to the next one.
    static var longestPause: Duration { .seconds(60) }

    private let content: LaneContent
    /// Whether every message is published, whichever way it goes besides. Responses have no second copy.
    private let isPublishing: Bool

    private(set) var way = Way.broker
    /// The last opening. Each has a number, so that late replies to an earlier one are recognized.
    private(set) var opening: UInt32 = 0
    private(set) var isConnected = false
    /// The time when the messages kept back are published; `nil` when none are.
    private(set) var deadline: Instant?
    /// Messages that only the lane knows to be unread at the broker: responses, broadcasts, and those sent before the
    /// lane was made.
    private var needsMarker = false
    private var nextTry: Instant?
    private var pause = Self.firstPause

    private var outstanding: Outstanding<Element>
    private var keptBack: Deque<UInt64> = []
    /// The written messages of this opening that are not acknowledged.
    private var written: Deque<Written> = []
    /// The number of messages of this opening that are acknowledged or refused.
    private var settled: UInt64 = 0
    /// The size of the written messages, in bytes.
    private(set) var unacknowledgedBytes = 0

    private struct Written: Sendable, Hashable {
        let number: UInt64
        let bytes: Int
    }

    /// Makes a lane without a connection.
    init(_ content: LaneContent, durability: Durability) {
        self.content = content
        isPublishing = durability == .broker && content == .requests
        outstanding = Outstanding(hasUniqueTags: content == .requests)
    }

    /// The number of written messages that are not acknowledged.
    var unacknowledged: Int { written.count }

    /// The number of requests without a terminal response, or of responses that the requester may not have.
    var unanswered: Int { outstanding.count }

    /// The size of the messages that are kept here, in bytes.
    var keptBytes: Int { outstanding.keptBytes }

    /// Returns whether no byte of a message has left this process: it is kept back, and was not published.
    func isUnsent(_ tag: UUID) -> Bool {
        guard let item = outstanding.number(of: tag).flatMap({ outstanding[$0] }) else { return false }
        return item.broker == .none && item.direct == .keptBack
    }

    /// Whether messages wait for room in the window.
    var isWaiting: Bool { way == .direct && !keptBack.isEmpty }
}

// MARK: Sending

extension Lane {
    /// Sends a message.
    ///
    /// A request with a tag in use is a repetition. It is published, because its receiver knows the tag.
    mutating func send(_ tag: UUID, _ element: Element, bytes: Int, room: LaneRoom, now: Instant) -> [Action] {
        if outstanding.number(of: tag) != nil {
            return [.publish(tag, element, attempt: 1, mayComeAgain: true)]
        }
        var actions: [Action] = []
        let fits = bytes <= room.largest && bytes <= room.keptBytes
        if way != .broker, !fits { goDown(&actions, now: now) }
        let mayRise = way == .broker && isConnected && fits && written.isEmpty
        if mayRise, outstanding.unread == 0, !needsMarker { rise(.direct, &actions) }
        let number = outstanding.append(tag, element, bytes: bytes)
        if way == .broker {
            publish(number, &actions)
            if mayRise, now >= nextTry ?? now {
                rise(.opening, &actions)
                deadline = now + Self.patience
            }
            return actions
        }
        outstanding.update(number) { $0.direct = .keptBack }
        keptBack.append(number)
        if isPublishing { publish(number, &actions) }
        var room = room
        flush(&room, &actions)
        if !keptBack.isEmpty, deadline == nil { deadline = now + Self.patience }
        return actions
    }

    /// Writes messages kept back as far as the window has room.
    mutating func flush(room: LaneRoom, now: Instant) -> [Action] {
        var actions: [Action] = []
        var room = room
        let count = keptBack.count
        flush(&room, &actions)
        if !keptBack.isEmpty, keptBack.count < count { deadline = now + Self.patience }
        return actions
    }

    private mutating func flush(_ room: inout LaneRoom, _ actions: inout [Action]) {
        guard way == .direct else { return }
        while let number = keptBack.first {
            guard let item = outstanding[number], item.direct == .keptBack, let element = item.element else {
                keptBack.removeFirst()
                continue
            }
            guard room.take(item.bytes) else { return }
            keptBack.removeFirst()
            outstanding.update(number) { $0.direct = .written }
            written.append(Written(number: number, bytes: item.bytes))
            unacknowledgedBytes += item.bytes
            actions.append(.write(item.tag, element, opening: opening, isCopied: item.broker != .none))
        }
        deadline = nil
    }

    /// Begins an opening. `direct` follows when the peer need not have read anything before.
    private mutating func rise(_ way: Way, _ actions: inout [Action]) {
        self.way = way
        opening &+= 1
        settled = 0
        actions.append(.open(opening, isMarked: way == .opening))
    }

    private mutating func publish(_ number: UInt64, _ actions: inout [Action]) {
        guard let item = outstanding[number], item.broker == .none, let element = item.element else { return }
        let mayComeAgain = item.direct != .none
        let attempt = item.direct == .acknowledged ? 2 : 1
        actions.append(.publish(item.tag, element, attempt: attempt, mayComeAgain: mayComeAgain))
        if content == .responses {
            needsMarker = true
            outstanding.remove(number)
        } else {
            outstanding.update(number) { $0.broker = .published }
        }
    }
}

// MARK: The peer's replies

extension Lane {
    /// The lane has a connection to the owner of the destination, or to the session of a requester. Requests that an
    /// earlier owner took and did not answer are published.
    ///
    /// - Parameter mayBeUnread: Whether messages that the lane does not know may be unread at the broker.
    mutating func connected(mayBeUnread: Bool, now: Instant) -> [Action] {
        let actions = disconnected()
        isConnected = true
        needsMarker = needsMarker || mayBeUnread
        nextTry = now
        pause = Self.firstPause
        return actions
    }

    /// The peer has read the marker of an opening.
    mutating func opened(_ opening: UInt32, room: LaneRoom, now: Instant) throws(LaneViolation) -> [Action] {
        guard opening <= self.opening else { throw .unknownOpening(opening) }
        guard opening == self.opening, way == .opening else { return [] }
        way = .direct
        needsMarker = false
        deadline = keptBack.isEmpty ? nil : now + Self.patience
        return flush(room: room, now: now)
    }

    /// The peer has the first `count` messages of an opening in its inbox.
    mutating func acknowledged(
        _ opening: UInt32,
        count: UInt64,
        room: LaneRoom,
        now: Instant
    ) throws(LaneViolation) -> [Action] {
        guard opening <= self.opening else { throw .unknownOpening(opening) }
        guard opening == self.opening, count > settled else { return [] }
        var actions: [Action] = []
        try settle(upTo: count, &actions)
        pause = Self.firstPause
        if isWaiting { actions += flush(room: room, now: now) }
        return actions
    }

    private mutating func settle(upTo count: UInt64, _ actions: inout [Action]) throws(LaneViolation) {
        guard count >= settled, count - settled <= UInt64(written.count) else { throw .wrongPosition(count) }
        while settled < count, let message = written.popFirst() {
            settled += 1
            unacknowledgedBytes -= message.bytes
            outstanding.update(message.number) { $0.direct = .acknowledged }
            accept(message.number, byBroker: false, &actions)
            if content == .responses { outstanding.remove(message.number) }
        }
    }

    /// The peer refused the message at a position of an opening, and everything behind it.
    mutating func refused(
        _ opening: UInt32,
        from position: UInt64,
        _ reason: Refusal,
        now: Instant
    ) throws(LaneViolation) -> [Action] {
        guard opening <= self.opening else { throw .unknownOpening(opening) }
        guard opening == self.opening, way != .broker || !written.isEmpty else { return [] }
        var actions: [Action] = []
        try settle(upTo: position, &actions)
        if reason != .busy { isConnected = false }
        let refused = written
        written = []
        unacknowledgedBytes = 0
        for message in refused {
            outstanding.update(message.number) { $0.direct = .none }
            leave(message.number, &actions)
        }
        if way != .broker { goDown(&actions, now: now) }
        return actions
    }

    /// The owner gave a request back: the broker has it now.
    mutating func queued(_ tag: UUID) -> [Action] {
        guard let number = outstanding.number(of: tag) else { return [] }
        var actions: [Action] = []
        outstanding.update(number) { item in
            item.broker = .confirmed
            if item.direct == .acknowledged { item.direct = .none }
        }
        accept(number, byBroker: true, &actions)
        return actions
    }

    /// The connection ended. Everything that only the peer may have is published, in order.
    mutating func disconnected() -> [Action] {
        var actions: [Action] = []
        isConnected = false
        way = .broker
        deadline = nil
        keptBack = []
        written = []
        unacknowledgedBytes = 0
        for number in outstanding.inOrder { leave(number, &actions) }
        return actions
    }

    /// The requester closes. Everything unanswered is published, in order; the owner is told of the copies.
    mutating func close() -> [Action] {
        let copied = outstanding.inOrder.compactMap { number in
            outstanding[number].flatMap { isOnlyDirect($0) ? $0.tag : nil }
        }
        return copied.map { .expectCopy($0) } + disconnected()
    }

    private func isOnlyDirect(_ item: Outstanding<Element>.Item) -> Bool {
        content == .requests && item.broker == .none && (item.direct == .written || item.direct == .acknowledged)
    }

    /// Ends the direct copy of a message: publishes the message, or fails it when the broker refused it.
    private mutating func leave(_ number: UInt64, _ actions: inout [Action]) {
        guard let item = outstanding[number] else { return }
        publish(number, &actions)
        outstanding.update(number) { kept in
            kept.direct = .none
            if item.direct == .written || item.direct == .acknowledged { kept.mayBeTaken = true }
        }
        if item.broker == .refused { fail(number, &actions) }
    }
}

// MARK: The broker's replies, answers and time

extension Lane {
    /// The broker has a published request.
    mutating func confirmed(_ tag: UUID) -> [Action] {
        guard let number = outstanding.number(of: tag), outstanding[number]?.broker == .published else { return [] }
        var actions: [Action] = []
        outstanding.update(number) { $0.broker = .confirmed }
        accept(number, byBroker: true, &actions)
        return actions
    }

    /// The broker returned a published request. Unless the peer may have it, it fails.
    mutating func returned(_ tag: UUID) -> [Action] {
        guard let number = outstanding.number(of: tag), outstanding[number]?.broker == .published else { return [] }
        var actions: [Action] = []
        outstanding.update(number) { $0.broker = .refused }
        let direct = outstanding[number]?.direct
        if direct != .written, direct != .acknowledged { fail(number, &actions) }
        return actions
    }

    /// A request needs nothing more.
    ///
    /// - Parameter isAnswered: Whether the owner answered it, so that it has read it. A requester may also give it up.
    mutating func ended(_ tag: UUID, isAnswered: Bool, now: Instant) -> [Action] {
        guard let item = outstanding.number(of: tag).flatMap({ outstanding.remove($0) }) else { return [] }
        var actions: [Action] = item.isAccepted ? [] : [.accept(tag)]
        if !isAnswered, item.isUnread {
            // Its copy is still in a queue, where those behind it must not overtake it.
            needsMarker = true
            if way != .broker, item.direct == .keptBack { goDown(&actions, now: now) }
        }
        return actions
    }

    /// A broadcast to the destination is about to be published. Earlier messages are ahead of it, later ones
    /// behind.
    mutating func broadcast(now: Instant) -> [Action] {
        var actions: [Action] = []
        if way != .broker { goDown(&actions, now: now) }
        needsMarker = true
        nextTry = now
        return actions
    }

    /// Looks at the clock: messages that were kept back for too long go through the broker.
    mutating func tick(at now: Instant) -> [Action] {
        guard let deadline, deadline <= now else { return [] }
        var actions: [Action] = []
        goDown(&actions, now: now)
        return actions
    }

    /// Goes on through the broker, with a living peer. Messages that are written and not acknowledged are published too,
    /// because those behind them must not overtake them.
    private mutating func goDown(_ actions: inout [Action], now: Instant) {
        way = .broker
        deadline = nil
        nextTry = now + pause
        pause = min(pause * 2, Self.longestPause)
        for message in written {
            guard let item = outstanding[message.number], item.broker == .none else { continue }
            if content == .requests { actions.append(.expectCopy(item.tag)) }
            publish(message.number, &actions)
        }
        let numbers = keptBack
        keptBack = []
        for number in numbers {
            outstanding.update(number) { $0.direct = .none }
            publish(number, &actions)
        }
    }

    /// Accepts a message once. When each request is published, the broker alone accepts; a request that it refused and a
    /// peer took is accepted with its answer.
    private mutating func accept(_ number: UInt64, byBroker: Bool, _ actions: inout [Action]) {
        guard let item = outstanding[number], !item.isAccepted else { return }
        guard byBroker || !isPublishing else { return }
        outstanding.update(number) { $0.isAccepted = true }
        actions.append(.accept(item.tag))
    }

    private mutating func fail(_ number: UInt64, _ actions: inout [Action]) {
        guard let item = outstanding.remove(number) else { return }
        actions.append(.fail(item.tag, wasAccepted: item.isAccepted, mayBeTaken: item.mayBeTaken))
    }
}

extension Lane: Equatable where Element: Equatable {}
extension Lane: Hashable where Element: Hashable {}
