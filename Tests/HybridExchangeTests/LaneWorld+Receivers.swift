@testable import HybridExchange

// MARK: The receivers

extension LaneWorld {
    mutating func readMailbox(_ lane: Int) throws {
        guard !mailboxes[lane].isEmpty else { return }
        switch mailboxes[lane].removeFirst() {
        case .message(let number): try arrive(number)
        case .broadcast(let order): try arrive(order, on: lane)
        case .marker(let marker, let opening):
            receivers[lane].readMarkers.insert(marker)
            guard receivers[lane].marker == marker else { return }
            receivers[lane].marker = nil
            sockets[lane % 2]?.replies.append(.opened(receivers[lane].number, opening))
        }
    }

    mutating func readFrame() throws {
        let peer = Int.random(in: 0..<2, using: &random)
        guard let frame = sockets[peer]?.frames.first else { return }
        sockets[peer]?.frames.removeFirst()
        switch frame {
        case .open(let number, let opening, let marker):
            guard let lane = sockets[peer]?.lanes[number] else { return }
            if receivers[lane].number != number { receivers[lane].intake = LaneIntake() }
            receivers[lane].number = number
            try receivers[lane].intake.open(opening)
            receivers[lane].marker = nil
            guard let marker else { return }
            if receivers[lane].readMarkers.contains(marker) {
                sockets[peer]?.replies.append(.opened(number, opening))
            } else {
                receivers[lane].marker = marker
            }
        case .data(let number, let opening, let message):
            guard let lane = sockets[peer]?.lanes[number] else { return }
            guard receivers[lane].number == number, try receivers[lane].intake.admits(opening) else { return }
            let refusals: [Refusal] = [.busy, .busy, .busy, .notOwner]
            if Int.random(in: 0..<10, using: &random) == 0, sent[message].arrivals == 0 {
                let refusal = refusals.randomElement(using: &random) ?? .busy
                let position = receivers[lane].intake.refuse()
                if isLogging { log.append("refuse \(message) on \(lane): \(refusal)") }
                sockets[peer]?.replies.append(.refused(number, opening, position, refusal))
            } else {
                let count = receivers[lane].intake.take()
                sockets[peer]?.replies.append(.acknowledged(number, opening, count))
                try arrive(message)
            }
        }
    }

    mutating func readReply() throws {
        let peer = Int.random(in: 0..<2, using: &random)
        guard let reply = sockets[peer]?.replies.first else { return }
        sockets[peer]?.replies.removeFirst()
        if isLogging { log.append("reply \(reply)") }
        switch reply {
        case .opened(let number, let opening):
            try perform(table.opened(number, opening, by: peer, now: now))
        case .acknowledged(let number, let opening, let count):
            release(number, opening, upTo: count, at: peer)
            try perform(table.acknowledged(number, opening, count: count, by: peer, now: now))
        case .refused(let number, let opening, let position, let reason):
            release(number, opening, upTo: position, at: peer)
            sockets[peer]?.written[number] = []
            try perform(table.refused(number, opening, from: position, reason, by: peer, now: now))
        }
    }

    /// Records that the requester knows that messages were taken.
    private mutating func release(_ number: UInt32, _ opening: UInt32, upTo count: UInt64, at peer: Int) {
        while let settled = sockets[peer]?.settled[number], settled < count,
            let message = sockets[peer]?.written[number]?.first
        {
            sockets[peer]?.settled[number] = settled + 1
            sockets[peer]?.written[number]?.removeFirst()
            sent[message].isAcknowledged = true
        }
    }

    private mutating func arrive(_ number: Int) throws {
        sent[number].arrivals += 1
        if isLogging { log.append("arrives \(number)") }
        guard sent[number].arrivals == 1 else { return }
        try require(!sent[number].isFailed || sent[number].mayBeTaken, "message \(number) arrived after it failed")
        if !sent[number].isReturned, !sent[number].isGivenUp { try arrive(sent[number].order, on: sent[number].lane) }
    }

    private mutating func arrive(_ order: Int, on lane: Int) throws {
        try require(
            order > receivers[lane].lastOrder,
            "\(order) of lane \(lane) came after \(receivers[lane].lastOrder)"
        )
        let missing = sent.filter { message in
            message.lane == lane && message.order < order && message.arrivals == 0
                && !message.isFailed && !message.isGivenUp && !message.isReturned
        }
        try require(missing.isEmpty, "\(order) of lane \(lane) came before \(missing.map(\.order))")
        receivers[lane].lastOrder = order
    }
}
