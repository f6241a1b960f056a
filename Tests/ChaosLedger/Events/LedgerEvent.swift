public import Foundation

/// One line of a ledger: something that a process did, or is about to do.
///
/// What stands before an act and what after it makes the check sound, whatever moment a process is killed in. `send` and
/// `start` are written before: an act without its line can't be. `accepted`, `answer`, `end` and `answered` are written
/// after: a line without its act can't be.
public struct LedgerEvent: Sendable, Hashable {
    /// What happened.
    public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        /// A process can do its work.
        case began
        /// A requester is about to send a request. `number` is its place among those of this requester to this mailbox.
        case send
        /// The send returned.
        case accepted
        /// The send failed with `code` and `delivery`.
        case failed
        /// A requester received an answer: `result`, or an error's code.
        case answer
        /// An agent was handed a request and is about to execute it.
        case start
        /// An agent has executed a request and is about to answer it.
        case end
        /// The agent's answer was taken by the exchange.
        case answered
        /// The agent's answer could not be sent: `code`.
        case unanswered
        /// An agent is about to open a mailbox.
        case serving
        /// An agent does not receive from a mailbox any more: `code`.
        case served
        /// A mailbox was made.
        case registered
        /// A mailbox is about to be terminated.
        case terminating
        /// The termination returned.
        case terminated
        /// The termination failed: `code`.
        case unterminated
        /// A requester has waited for its answers, or was told to wait no longer.
        case finished
        /// An event lies among the parked messages at the end of the run; `text` has the reason.
        case parked
        /// A queue of a mailbox is not empty at the end of the run; `text` has its name and the number of its messages.
        case leftOver = "left-over"
        /// A process ended in order.
        case closed
        /// A process is gone; `text` says why when nobody meant it to.
        case died
        /// A fault with this `number` and `text` begins for the process, or for `broker`.
        case fault
        /// The fault with this `number` has ended.
        case healed
    }

    /// Nanoseconds of the machine's monotonic clock, which all processes share.
    public var time: Int64
    /// Who writes, and which life of it: `agent-1#2`. For `fault` and `died`, whom it is about.
    public var process: String
    /// What happened.
    public var kind: Kind
    /// What identifies the request: the tag of a message, or what a call of a handle has as its argument.
    public var request: UUID?
    /// The mailbox that it is sent to, or that it is about.
    public var mailbox: UUID?
    /// The place of a request, or the number of a fault.
    public var number: Int?
    /// Which attempt an execution is.
    public var attempt: Int?
    /// `result`, or the code of an error. Of a `start` and an `end` by a worker it is the agent type, of a `send` of an event the
    /// agent types that have to receive it, with commas; with a question mark one that may. Of an accepted event it is
    /// ``untaken`` when its publisher was told that it has no subscriber.
    public var code: String?
    /// What an error says of the message: `notSent`, `refused`, `unknown`. Of a call that nobody answered within 90 s it is
    /// `unanswered`, of one that ended in another way, with the request perhaps executed, `gone`.
    public var delivery: String?
    /// The result of an answer, or the kind of a fault.
    public var text: String?

    /// Makes an event.
    public init(
        time: Int64 = LedgerEvent.now,
        _ process: String,
        _ kind: Kind,
        request: UUID? = nil,
        mailbox: UUID? = nil,
        number: Int? = nil,
        attempt: Int? = nil,
        code: String? = nil,
        delivery: String? = nil,
        text: String? = nil
    ) {
        self.time = time
        self.process = process
        self.kind = kind
        self.request = request
        self.mailbox = mailbox
        self.number = number
        self.attempt = attempt
        self.code = code
        self.delivery = delivery
        self.text = text
    }

    /// The code of an answer that is a result.
    public static let result = "result"

    /// The code of an accepted event without a subscriber.
    public static let untaken = "untaken"

    /// The machine's monotonic clock, in nanoseconds.
    public static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

extension LedgerEvent: Codable {
    private enum CodingKeys: String, CodingKey {
        case time = "t"
        case process = "p"
        case kind = "k"
        case request = "r"
        case mailbox = "m"
        case number = "n"
        case attempt = "a"
        case code = "c"
        case delivery = "d"
        case text = "x"
    }
}
