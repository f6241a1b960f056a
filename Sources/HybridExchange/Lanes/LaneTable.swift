internal import AgentExchange
internal import DequeModule
internal import Foundation

/// The lanes of a session, with the windows of its connections: a pure value.
///
/// A lane is here while it has a connection or messages of open fate. Messages of other lanes are published.
struct LaneTable<Element: Sendable, Peer: Hashable & Sendable>: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// Limits of the unacknowledged and of the kept messages.
    struct Limits: Sendable, Hashable {
        /// The number of written and unacknowledged messages on a connection.
        var windowMessages = 1024
        /// Their size in bytes. A larger message goes alone.
        var windowBytes = 4 << 20
        /// The number of lanes on a connection; with a peer that does not forget closed ones, from its beginning. Messages of
        /// further ones go through the broker.
        var lanes: UInt32 = 65_536
        /// The size of all messages kept here, in bytes. Further ones go through the broker.
        var keptBytes = 64 << 20
    }

    /// A step that a lane asks for, for the connection of its peer.
    struct Step: Sendable {
        let lane: LaneID
        let peer: Peer?
        /// The number of the lane on the connection of its peer.
        let number: UInt32
        let action: LaneAction<Element>
    }

    private struct Seat: Sendable {
        var lane: Lane<Element>
        var peer: Peer?
        var number: UInt32 = 0
        var lastUsed: Instant?

        var figures: Figures {
            Figures(
                messages: lane.unacknowledged,
                bytes: lane.unacknowledgedBytes,
                keptBytes: lane.keptBytes,
                unanswered: lane.unanswered,
                isDirect: lane.way == .direct,
                hasDeadline: lane.deadline != nil,
                isWaiting: lane.isWaiting
            )
        }
    }

    /// The share of a lane in the sums.
    private struct Figures {
        let messages: Int
        let bytes: Int
        let keptBytes: Int
        let unanswered: Int
        let isDirect: Bool
        let hasDeadline: Bool
        let isWaiting: Bool
    }

    private let limits: Limits
    private let durability: Durability
    private var seats: [LaneID: Seat] = [:]
    private var connections: [Peer: LaneWindow] = [:]
    /// Lanes with a deadline.
    private var timed: Set<LaneID> = []

    /// The size of all messages kept here, in bytes.
    private(set) var keptBytes = 0
    /// The number of direct lanes, and of messages of open fate in all lanes.
    private(set) var direct = 0
    private(set) var unanswered = 0

    init(limits: Limits = Limits(), durability: Durability) {
        self.limits = limits
        self.durability = durability
    }

    /// The number of lanes.
    var count: Int { seats.count }

    /// The time of the next ``tick(at:)``; `nil` when none is needed.
    var deadline: Instant? { timed.lazy.compactMap { seats[$0]?.lane.deadline }.min() }

    /// Returns the way of a lane.
    func way(of id: LaneID) -> Lane<Element>.Way { seats[id]?.lane.way ?? .broker }

    /// Returns whether a lane is here, so that its messages may go directly.
    func has(_ id: LaneID) -> Bool { seats[id] != nil }

    /// Returns a lane that is here, with the names that its peer was told.
    func known(_ id: LaneID) -> LaneID? { seats.index(forKey: id).map { seats.keys[$0] } }

    /// Returns the peer of a lane.
    func peer(of id: LaneID) -> Peer? { seats[id]?.peer }

    /// Returns whether a connection can have no more lanes.
    func isUsedUp(_ peer: Peer) -> Bool { connections[peer].map { !$0.hasPlace(limits.lanes) } ?? false }

    /// Returns whether a lane has a connection.
    func isConnected(_ id: LaneID) -> Bool { seats[id]?.lane.isConnected ?? false }

    /// Returns whether no byte of a request has left this process.
    func isUnsent(_ tag: UUID, on id: LaneID) -> Bool { seats[id]?.lane.isUnsent(tag) ?? false }

    /// Returns whether a message is too large for the connection of its lane, or for the messages kept here.
    func isTooLarge(_ bytes: Int, on id: LaneID) -> Bool {
        guard let seat = seats[id], seat.lane.isConnected else { return false }
        let room = room(at: seat.peer)
        return bytes > room.largest || bytes > room.keptBytes
    }

    /// Returns the peer of a direct lane, the number of the lane on its connection, and its identity there.
    func directPeer(of id: LaneID) -> (peer: Peer, number: UInt32, lane: LaneID)? {
        guard let index = seats.index(forKey: id), seats.values[index].lane.way == .direct,
            let peer = seats.values[index].peer
        else { return nil }
        return (peer, seats.values[index].number, seats.keys[index])
    }

    /// Returns the number of direct lanes on the connection of a peer, and of their messages without an answer.
    func figures(of peer: Peer) -> (direct: Int, unanswered: Int) {
        (connections[peer]?.lanes.values ?? [:].values).reduce((0, 0)) { sum, id in
            guard let lane = seats[id]?.lane else { return sum }
            return (sum.0 + (lane.way == .direct ? 1 : 0), sum.1 + lane.unanswered)
        }
    }

    /// Returns the numbers of the lanes on the connection of a peer, and the last that was given.
    func numbers(of peer: Peer) -> (open: Set<UInt32>, last: UInt32) {
        (Set(connections[peer]?.lanes.keys ?? [:].keys), connections[peer]?.lastNumber ?? 0)
    }

    /// Returns the number of unacknowledged messages and their size, on the connection of a peer.
    func unacknowledged(at peer: Peer) -> (messages: Int, bytes: Int) {
        (connections[peer]?.messages ?? 0, connections[peer]?.bytes ?? 0)
    }
}

// MARK: Connections

extension LaneTable {
    /// A connection to a peer is ready.
    ///
    /// - Parameters:
    ///   - largest: The largest message that the peer takes, in bytes.
    ///   - windowMessages: The number of unacknowledged messages that it takes.
    ///   - windowBytes: Their size in bytes.
    ///   - closesLanes: Whether it forgets closed lanes.
    mutating func connect(
        _ peer: Peer,
        largest: Int,
        windowMessages: Int = .max,
        windowBytes: Int = .max,
        closesLanes: Bool = false
    ) {
        guard connections[peer] == nil else { return }
        connections[peer] = LaneWindow(
            largest: largest,
            windowMessages: min(windowMessages, limits.windowMessages),
            windowBytes: min(windowBytes, limits.windowBytes),
            closesLanes: closesLanes
        )
    }

    /// A peer serves the destination of a lane.
    ///
    /// - Parameter mayBeUnread: Whether earlier messages of the lane may be unread at the broker.
    mutating func connect(_ id: LaneID, to peer: Peer, mayBeUnread: Bool, now: Instant) -> [Step] {
        guard let window = connections[peer], window.hasPlace(limits.lanes) else { return [] }
        let before = seats[id, default: Seat(lane: Lane(id.content, durability: durability))]
        if before.peer == peer, before.lane.isConnected { return [] }
        seats[id] = before
        // The number on the connection is new, so that replies to the earlier binding are not taken for replies to this.
        let steps = change(id) { lane, _ in lane.connected(mayBeUnread: mayBeUnread, now: now) }
        if let earlier = before.peer { connections[earlier]?.lanes[before.number] = nil }
        let number = (connections[peer]?.lastNumber ?? 0) &+ 1
        connections[peer]?.lastNumber = number
        connections[peer]?.lanes[number] = id
        seats[id]?.peer = peer
        seats[id]?.number = number
        seats[id]?.lastUsed = now
        return steps
    }

    /// Closes the lanes that had no message for a time and have none of open fate, where their peer forgets them. A later
    /// message of such a lane is published, and the lane begins anew. Returns their connections and their numbers there.
    ///
    /// - Parameter peer: Only lanes on its connection.
    mutating func closeIdle(since limit: Instant, of peer: Peer? = nil) -> [(peer: Peer, number: UInt32)] {
        var closed: [(peer: Peer, number: UInt32)] = []
        for (owner, window) in connections where window.closesLanes && (peer ?? owner) == owner {
            for (number, id) in window.lanes {
                guard let seat = seats[id], seat.peer == owner, seat.number == number, seat.lane.unanswered == 0,
                    seat.lane.unacknowledged == 0, seat.lastUsed.map({ $0 <= limit }) ?? true
                else { continue }
                connections[owner]?.lanes[number] = nil
                connections[owner]?.waiting.removeAll { $0 == id }
                if seat.figures.isDirect { direct -= 1 }
                seats[id] = nil
                timed.remove(id)
                closed.append((owner, number))
            }
        }
        return closed
    }

    /// The connection to a peer ended.
    mutating func disconnect(_ peer: Peer) -> [Step] {
        guard let connection = connections[peer] else { return [] }
        var steps: [Step] = []
        for (_, id) in connection.lanes.sorted(by: { $0.key < $1.key }) {
            steps += change(id) { lane, _ in lane.disconnected() }
            seats[id]?.peer = nil
            drop(id)
        }
        connections[peer] = nil
        return steps
    }

    /// A mailbox closes. All its unanswered requests are published.
    mutating func close(from source: EntityID) -> [Step] {
        requestLanes(from: source).flatMap { id in change(id) { lane, _ in lane.close() } }
    }

    /// Forgets the requests of a mailbox that is closed.
    mutating func forget(from source: EntityID) {
        for id in requestLanes(from: source) {
            if let seat = seats[id], let peer = seat.peer {
                connections[peer]?.lanes[seat.number] = nil
                connections[peer]?.waiting.removeAll { $0 == id }
            }
            if let figures = seats[id]?.figures {
                keptBytes -= figures.keptBytes
                unanswered -= figures.unanswered
                if figures.isDirect { direct -= 1 }
            }
            seats[id] = nil
            timed.remove(id)
        }
    }

    private func requestLanes(from source: EntityID) -> [LaneID] {
        seats.keys.filter { $0.source == source && $0.content == .requests }
    }

    /// Drops a lane without a connection and without messages.
    private mutating func drop(_ id: LaneID) {
        guard let seat = seats[id], seat.peer == nil, seat.lane.unanswered == 0 else { return }
        seats[id] = nil
        timed.remove(id)
    }
}

// MARK: Messages

extension LaneTable {
    /// Sends a message.
    mutating func send(_ tag: UUID, _ element: Element, bytes: Int, on id: LaneID, now: Instant) -> [Step] {
        guard seats[id] != nil else {
            let action = LaneAction<Element>.publish(tag, element, attempt: 1, mayComeAgain: false)
            return [Step(lane: id, peer: nil, number: 0, action: action)]
        }
        seats[id]?.lastUsed = now
        return change(id) { lane, room in lane.send(tag, element, bytes: bytes, room: room, now: now) }
    }

    /// A peer has read the marker of an opening.
    mutating func opened(_ number: UInt32, _ opening: UInt32, by peer: Peer, now: Instant) throws(LaneViolation)
        -> [Step]
    {
        try change(number, of: peer) { lane, room throws(LaneViolation) in
            try lane.opened(opening, room: room, now: now)
        }
    }

    /// A peer has the first `count` messages of an opening in its inbox. Lanes that wait for the window go on.
    mutating func acknowledged(
        _ number: UInt32,
        _ opening: UInt32,
        count: UInt64,
        by peer: Peer,
        now: Instant
    ) throws(LaneViolation) -> [Step] {
        let steps = try change(number, of: peer) { lane, room throws(LaneViolation) in
            try lane.acknowledged(opening, count: count, room: room, now: now)
        }
        return steps + flush(peer, now: now)
    }

    /// A peer refused the message at a position of an opening, and everything behind it.
    mutating func refused(
        _ number: UInt32,
        _ opening: UInt32,
        from position: UInt64,
        _ reason: Refusal,
        by peer: Peer,
        now: Instant
    ) throws(LaneViolation) -> [Step] {
        let steps = try change(number, of: peer) { lane, _ throws(LaneViolation) in
            try lane.refused(opening, from: position, reason, now: now)
        }
        return steps + flush(peer, now: now)
    }

    /// A peer gave a request back: the broker has it now.
    mutating func queued(_ number: UInt32, _ tag: UUID, by peer: Peer) throws(LaneViolation) -> [Step] {
        try change(number, of: peer) { lane, _ in lane.queued(tag) }
    }

    /// The broker has a published request.
    mutating func confirmed(_ tag: UUID, on id: LaneID) -> [Step] {
        change(id) { lane, _ in lane.confirmed(tag) }
    }

    /// The broker returned a published request.
    mutating func returned(_ tag: UUID, on id: LaneID) -> [Step] {
        let steps = change(id) { lane, _ in lane.returned(tag) }
        drop(id)
        return steps
    }

    /// A request needs nothing more: see ``Lane/ended(_:isAnswered:now:)``.
    mutating func ended(_ tag: UUID, on id: LaneID, isAnswered: Bool, now: Instant) -> [Step] {
        let steps = change(id) { lane, _ in lane.ended(tag, isAnswered: isAnswered, now: now) }
        drop(id)
        return steps
    }

    /// A broadcast is about to be published. Its receivers are known to the broker alone, so all lanes of requests from
    /// that mailbox go down.
    mutating func broadcast(from source: EntityID, now: Instant) -> [Step] {
        requestLanes(from: source).flatMap { id in change(id) { lane, _ in lane.broadcast(now: now) } }
    }

    /// Looks at the clock. Call it at ``deadline``.
    mutating func tick(at now: Instant) -> [Step] {
        timed.filter { seats[$0]?.lane.deadline.map { $0 <= now } ?? false }.flatMap { id in
            change(id) { lane, _ in lane.tick(at: now) }
        }
    }

    private mutating func flush(_ peer: Peer, now: Instant) -> [Step] {
        var steps: [Step] = []
        for _ in 0..<(connections[peer]?.waiting.count ?? 0) {
            guard let id = connections[peer]?.waiting.popFirst() else { break }
            guard seats[id]?.peer == peer else { continue }
            steps += change(id) { lane, room in lane.flush(room: room, now: now) }
        }
        return steps
    }
}

// MARK: Changing a lane

extension LaneTable {
    /// Lets a peer's reply change a lane. A lane that went to another peer has no more messages here.
    private mutating func change(
        _ number: UInt32,
        of peer: Peer,
        _ event: (inout Lane<Element>, LaneRoom) throws(LaneViolation) -> [LaneAction<Element>]
    ) throws(LaneViolation) -> [Step] {
        guard let connection = connections[peer], number >= 1, number <= connection.lastNumber else {
            throw .unknownLane(number)
        }
        guard let id = connection.lanes[number] else { return [] }
        return try change(id, event)
    }

    /// Lets an event change a lane in place, and keeps the sums of its connection.
    private mutating func change<Failure: Error>(
        _ id: LaneID,
        _ event: (inout Lane<Element>, LaneRoom) throws(Failure) -> [LaneAction<Element>]
    ) throws(Failure) -> [Step] {
        guard let index = seats.index(forKey: id) else { return [] }
        let (peer, number) = (seats.values[index].peer, seats.values[index].number)
        let before = seats.values[index].figures
        let room = room(at: peer)
        defer {
            let seat = seats.values[index].figures
            keptBytes += seat.keptBytes - before.keptBytes
            unanswered += seat.unanswered - before.unanswered
            direct += (seat.isDirect ? 1 : 0) - (before.isDirect ? 1 : 0)
            if seat.hasDeadline != before.hasDeadline {
                if seat.hasDeadline { timed.insert(id) } else { timed.remove(id) }
            }
            if let peer, let connection = connections.index(forKey: peer) {
                connections.values[connection].messages += seat.messages - before.messages
                connections.values[connection].bytes += seat.bytes - before.bytes
                if seat.isWaiting, !connections.values[connection].waiting.contains(id) {
                    connections.values[connection].waiting.append(id)
                }
            }
        }
        // The names are those that the peer was told when the lane was opened.
        let id = seats.keys[index]
        return try event(&seats.values[index].lane, room).map { Step(lane: id, peer: peer, number: number, action: $0) }
    }

    private func room(at peer: Peer?) -> LaneRoom {
        let connection = peer.flatMap { connections[$0] }
        return LaneRoom(
            messages: connection.map { $0.windowMessages - $0.messages } ?? limits.windowMessages,
            bytes: connection.map { $0.windowBytes - $0.bytes } ?? limits.windowBytes,
            keptBytes: limits.keptBytes - keptBytes,
            largest: connection?.largest ?? .max,
            isIdle: connection?.messages == 0
        )
    }
}
