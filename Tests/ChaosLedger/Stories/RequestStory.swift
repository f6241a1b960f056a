internal import Foundation

/// Everything that the ledgers say about one request.
struct RequestStory {
    /// How its sending ended.
    enum Sending: Equatable {
        /// Nobody wrote it down: the requester died, or still waits.
        case open
        case accepted
        case failed(code: String, delivery: String)
    }

    /// An execution.
    struct Execution {
        let process: String
        /// The agent type whose worker runs it; `nil` for an agent with a mailbox of its own.
        var agentType: String?
        let attempt: Int
        let start: Int64
        var end: Int64?
        /// When the exchange took the answer.
        var answered: Int64?
    }

    /// An answer that a requester received.
    struct Answer {
        let process: String
        let time: Int64
        let code: String
        let text: String?
    }

    let tag: UUID
    /// `nil` when nobody said that it would send it.
    var requester: String?
    var mailbox: UUID?
    var number = 0
    /// Whether it was sent by a handle, which tells only how the call ended.
    var isCall = false
    /// The agent types that have to receive an event, or may, with a question mark; `nil` for a request.
    var subscribers: Set<String>?
    var sendTime: Int64 = 0
    var sending = Sending.open
    var sendEnd: Int64?
    /// Whether the publisher of an event was told that it has no subscriber.
    var isUntaken = false
    /// The reason for which an event was parked, if it was.
    var parkingReason: String?
    var executions: [Execution] = []
    var answers: [Answer] = []

    init(tag: UUID) {
        self.tag = tag
    }

    /// Whether a worker of an agent type runs it.
    var isWorkers: Bool { executions.contains { $0.agentType != nil } }

    /// Whether its sender was told that nobody got it.
    var isRefused: Bool {
        guard case .failed(_, let delivery) = sending else { return false }
        return delivery == "notSent" || delivery == "refused"
    }

    /// Whether its sender was told that somebody may have got it.
    var isUnknown: Bool {
        guard case .failed = sending else { return false }
        return !isRefused
    }

    /// What a failed send says of the message, or of the call.
    var delivery: String? {
        guard case .failed(_, let delivery) = sending else { return nil }
        return delivery
    }
}
