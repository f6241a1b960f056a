import AgentExchange
import ExchangeTestKit
import Foundation

@testable import HybridExchange

/// Drives a table of lanes by random events, beside plain queues and sockets, and checks what arrives.
///
/// Each lane has one receiver that knows all tags. Messages and broadcasts of a lane are numbered in the order of sending;
/// their first arrivals must have that order, and in the end each has arrived, failed, or was given up.
struct LaneWorld {
    struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    enum Letter {
        case message(Int)
        case broadcast(order: Int)
        case marker(Int, UInt32)
    }

    enum Frame {
        case open(UInt32, UInt32, marker: Int?)
        case data(UInt32, UInt32, Int)
    }

    enum Reply {
        case opened(UInt32, UInt32)
        case acknowledged(UInt32, UInt32, UInt64)
        case refused(UInt32, UInt32, UInt64, Refusal)
    }

    /// A message that was sent.
    struct Sent {
        let tag: UUID
        let lane: Int
        let order: Int
        let bytes: Int
        var arrivals = 0
        var published = 0
        var accepted = 0
        var isAcknowledged = false
        /// Whether the broker returned it. Its send has not returned, so that it has no order beside later ones.
        var isReturned = false
        var isFailed = false
        var mayBeTaken = false
        var isGivenUp = false
        var isAnswered = false
    }

    struct Receiver {
        var intake = LaneIntake()
        var number: UInt32 = 0
        /// The marker that an opening waits for.
        var marker: Int?
        var readMarkers: Set<Int> = []
        var lastOrder = 0
    }

    struct Socket {
        var frames: [Frame] = []
        var replies: [Reply] = []
        /// Written messages that are neither acknowledged nor refused, by the lane's number and opening.
        var written: [UInt32: [Int]] = [:]
        var settled: [UInt32: UInt64] = [:]
        /// The lanes by their numbers on this connection.
        var lanes: [UInt32: Int] = [:]
    }

    let ids: [LaneID]
    let durability: Durability
    let limits = LaneTable<Int, Int>.Limits(windowMessages: 3, windowBytes: 60, keptBytes: 150)
    let largest = 40

    var random: SeededGenerator
    var table: LaneTable<Int, Int>
    var now = ContinuousClock.Instant.now
    var sent: [Sent] = []
    var numbers: [UUID: Int] = [:]
    var orders: [Int]
    var mailboxes: [[Letter]]
    var receivers: [Receiver]
    var sockets: [Int: Socket] = [:]
    /// Published requests that the broker has neither confirmed nor returned.
    var pending: [Int] = []
    var lastMarker = 0
    /// Whether events are logged, which takes long.
    let isLogging: Bool
    var log: [String] = []

    init(seed: UInt64, isLogging: Bool = false) {
        self.isLogging = isLogging
        random = SeededGenerator(seed: seed)
        let source = EntityID.user(UserID())
        let agents = [EntityID.agent(AgentID()), .agent(AgentID())]
        ids =
            agents.map { LaneID(from: source, to: $0, .requests) }
            + agents.map { LaneID(from: source, to: $0, .responses) }
        durability = Bool.random(using: &random) ? .requester : .broker
        table = LaneTable(limits: limits, durability: durability)
        orders = ids.map { _ in 0 }
        mailboxes = ids.map { _ in [] }
        receivers = ids.map { _ in Receiver() }
    }

    mutating func run(events: Int) throws {
        for _ in 0..<events {
            try step()
            try check()
        }
        try finish()
    }

    private mutating func step() throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<26: try send()
        case 26..<40: try readMailbox(Int.random(in: 0..<ids.count, using: &random))
        case 40..<57: try readFrame()
        case 57..<74: try readReply()
        case 74..<79: try connect()
        case 79..<80: try cut(Int.random(in: 0..<2, using: &random))
        case 80..<84: try wait()
        case 84..<91: try answer(isAnswered: true)
        case 91..<92: try answer(isAnswered: false)
        case 92..<94: try broadcast()
        default: try settle(returns: Int.random(in: 0..<8, using: &random) == 0)
        }
    }

    func require(_ condition: Bool, _ text: @autoclosure () -> String) throws {
        if !condition { throw Violation(description: "\(text())\nafter:\n\(log.suffix(60).joined(separator: "\n"))") }
    }

    private func check() throws {
        try require(table.keptBytes <= limits.keptBytes, "keeps \(table.keptBytes) bytes")
        for (peer, socket) in sockets {
            let written = socket.written.values.flatMap { $0 }
            let bytes = written.reduce(0) { $0 + sent[$1].bytes }
            let (messages, sum) = table.unacknowledged(at: peer)
            try require(messages == written.count, "\(messages) unacknowledged, not \(written.count)")
            try require(sum == bytes, "\(sum) bytes are unacknowledged, not \(bytes)")
            try require(messages <= limits.windowMessages, "the window has \(messages) messages")
            try require(sum <= limits.windowBytes || messages == 1, "the window has \(sum) bytes")
        }
        if let deadline = table.deadline {
            try require(deadline <= now + Lane<Int>.patience, "a message is kept back for too long")
        }
    }

    /// Ends all connections and empties all queues: everything must have arrived.
    private mutating func finish() throws {
        if isLogging { log.append("finish") }
        if Bool.random(using: &random) { try perform(table.close(from: ids[0].source)) }
        for peer in 0..<2 { try cut(peer) }
        while !pending.isEmpty { try settle(returns: false) }
        for lane in ids.indices {
            while !mailboxes[lane].isEmpty { try readMailbox(lane) }
        }
        for (number, message) in sent.enumerated() {
            let isSettled = message.arrivals > 0 || message.isFailed || message.isGivenUp
            try require(isSettled, "message \(number) never arrived")
            guard ids[message.lane].content == .requests else { continue }
            try require(message.accepted <= 1, "message \(number) was accepted twice")
            try require(message.accepted == 1 || message.isFailed, "message \(number) was not accepted")
        }
        for number in sent.indices where !sent[number].isAnswered && !sent[number].isFailed {
            try perform(table.ended(sent[number].tag, on: ids[sent[number].lane], isAnswered: true, now: now))
        }
        try require(table.count == 0 && table.keptBytes == 0, "\(table.count) lanes remain")
        try require(table.deadline == nil, "a deadline remains")
    }
}

// MARK: The requester

extension LaneWorld {
    private mutating func send() throws {
        let lane = Int.random(in: 0..<ids.count, using: &random)
        let bytes = Int.random(in: 1...(Int.random(in: 0..<10, using: &random) == 0 ? 60 : 25), using: &random)
        orders[lane] += 1
        let number = sent.count
        sent.append(Sent(tag: UUID(), lane: lane, order: orders[lane], bytes: bytes))
        numbers[sent[number].tag] = number
        if isLogging { log.append("send \(number) on \(lane), \(bytes) bytes, \(table.way(of: ids[lane]))") }
        try perform(table.send(sent[number].tag, number, bytes: bytes, on: ids[lane], now: now))
        let isDurable = durability == .requester || ids[lane].content == .responses || sent[number].published == 1
        try require(isDurable, "message \(number) was not published")
    }

    private mutating func broadcast() throws {
        if isLogging { log.append("broadcast") }
        try perform(table.broadcast(from: ids[0].source, now: now))
        for lane in ids.indices where ids[lane].content == .requests {
            orders[lane] += 1
            mailboxes[lane].append(.broadcast(order: orders[lane]))
        }
    }

    private mutating func wait() throws {
        now += .milliseconds(Int.random(in: 0..<5, using: &random) == 0 ? 2000 : 20)
        if let deadline = table.deadline, deadline <= now {
            if isLogging { log.append("tick") }
            try perform(table.tick(at: now))
        }
    }

    /// The owner answers a request that arrived, or the requester gives one up.
    private mutating func answer(isAnswered: Bool) throws {
        let open = sent.indices.filter {
            ids[sent[$0].lane].content == .requests && !sent[$0].isAnswered && !sent[$0].isFailed
                && (!isAnswered || sent[$0].arrivals > 0)
        }
        guard let number = open.randomElement(using: &random) else { return }
        if isLogging { log.append(isAnswered ? "answer \(number)" : "give up \(number)") }
        sent[number].isAnswered = true
        if !isAnswered { sent[number].isGivenUp = true }
        try perform(table.ended(sent[number].tag, on: ids[sent[number].lane], isAnswered: isAnswered, now: now))
    }

    private mutating func settle(returns: Bool) throws {
        guard !pending.isEmpty else { return }
        let number = pending.removeFirst()
        let lane = sent[number].lane
        if isLogging { log.append(returns ? "returned \(number)" : "confirmed \(number)") }
        guard returns else {
            // A lane that does not know the request leaves it to its publication.
            let steps = table.confirmed(sent[number].tag, on: ids[lane])
            if steps.isEmpty, sent[number].accepted == 0 { sent[number].accepted = 1 }
            try perform(steps)
            return
        }
        let count = mailboxes[lane].count
        mailboxes[lane].removeAll { if case .message(number) = $0 { true } else { false } }
        // It arrived already: the broker confirms it.
        guard mailboxes[lane].count < count else {
            pending.insert(number, at: 0)
            return try settle(returns: false)
        }
        sent[number].isReturned = true
        let steps = table.returned(sent[number].tag, on: ids[lane])
        if steps.isEmpty, sent[number].arrivals == 0, !isWritten(number) { sent[number].isFailed = true }
        try perform(steps)
    }

    private func isWritten(_ number: Int) -> Bool {
        sent[number].isAcknowledged || sockets.values.contains { $0.written.values.contains { $0.contains(number) } }
    }

    private mutating func connect() throws {
        let peer = Int.random(in: 0..<2, using: &random)
        if sockets[peer] == nil { sockets[peer] = Socket() }
        table.connect(peer, largest: largest)
        for lane in ids.indices where lane % 2 == peer {
            let steps = table.connect(ids[lane], to: peer, mayBeUnread: true, now: now)
            if isLogging { log.append("connect \(lane) to \(peer)") }
            try perform(steps)
        }
    }

    private mutating func cut(_ peer: Int) throws {
        if isLogging { log.append("cut \(peer)") }
        sockets[peer] = nil
        for lane in ids.indices where lane % 2 == peer {
            receivers[lane].intake = LaneIntake()
            receivers[lane].number = 0
            receivers[lane].marker = nil
        }
        try perform(table.disconnect(peer))
        for number in sent.indices where sent[number].lane % 2 == peer { sent[number].isAcknowledged = false }
    }

    private func describe(_ action: LaneAction<Int>) -> String {
        func number(_ tag: UUID) -> String { numbers[tag].map { "\($0)" } ?? "-" }
        return switch action {
        case .publish(_, let number, let attempt, _): "publish \(number), attempt \(attempt)"
        case .open(let opening, let isMarked): "open \(opening), marked \(isMarked)"
        case .write(_, let number, let opening, let isCopied): "write \(number), \(opening), copied \(isCopied)"
        case .expectCopy(let tag): "expect a copy of \(number(tag))"
        case .accept(let tag): "accept \(number(tag))"
        case .fail(let tag, let wasAccepted, _): "fail \(number(tag)), accepted \(wasAccepted)"
        }
    }

    mutating func perform(_ steps: [LaneTable<Int, Int>.Step]) throws {
        for step in steps {
            guard let lane = ids.firstIndex(of: step.lane) else { continue }
            if isLogging { log.append("  \(lane): \(describe(step.action))") }
            switch step.action {
            case .publish(_, let number, let attempt, _):
                try require(attempt == (sent[number].isAcknowledged ? 2 : 1), "message \(number): attempt \(attempt)")
                sent[number].published += 1
                try require(sent[number].published == 1, "message \(number) was published twice")
                mailboxes[lane].append(.message(number))
                if step.lane.content == .requests { pending.append(number) }
            case .open(let opening, let isMarked):
                lastMarker += 1
                if isMarked { mailboxes[lane].append(.marker(lastMarker, opening)) }
                guard let peer = step.peer, sockets[peer] != nil else { continue }
                sockets[peer]?.lanes[step.number] = lane
                sockets[peer]?.settled[step.number] = 0
                sockets[peer]?.frames.append(.open(step.number, opening, marker: isMarked ? lastMarker : nil))
            case .write(_, let number, let opening, let isCopied):
                try require(isCopied == (sent[number].published > 0), "message \(number): copied \(isCopied)")
                guard let peer = step.peer, sockets[peer] != nil else { continue }
                sockets[peer]?.written[step.number, default: []].append(number)
                sockets[peer]?.frames.append(.data(step.number, opening, number))
            case .expectCopy:
                break
            case .accept(let tag):
                if let number = numbers[tag] { sent[number].accepted += 1 }
            case .fail(let tag, let wasAccepted, let mayBeTaken):
                guard let number = numbers[tag] else { continue }
                try require(wasAccepted == (sent[number].accepted > 0), "message \(number) accepted: \(wasAccepted)")
                try require(mayBeTaken || sent[number].arrivals == 0, "message \(number) failed, and had arrived")
                sent[number].isFailed = true
                sent[number].mayBeTaken = mayBeTaken
            }
        }
    }
}
