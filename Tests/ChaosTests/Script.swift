import ChaosLedger
import Foundation

/// A ledger made by hand. A second passes with each event.
struct Script {
    private(set) var events: [LedgerEvent] = []
    private var seconds: Int64 = 0

    static let mailbox = UUID()
    static let requester = "requester-1#1"
    static let agent = "agent-1#1"

    /// Requester and agent are there.
    init() {
        add(Self.requester, .began)
        add(Self.agent, .began)
        add(Self.agent, .serving)
    }

    mutating func add(
        _ process: String,
        _ kind: LedgerEvent.Kind,
        _ request: UUID? = nil,
        mailbox: UUID? = Self.mailbox,
        number: Int? = nil,
        attempt: Int? = nil,
        code: String? = nil,
        delivery: String? = nil,
        text: String? = nil
    ) {
        seconds += 1
        events.append(
            LedgerEvent(
                time: seconds * 1_000_000_000,
                process,
                kind,
                request: request,
                mailbox: mailbox,
                number: number,
                attempt: attempt,
                code: code,
                delivery: delivery,
                text: text
            )
        )
    }

    /// Time passes.
    mutating func wait(_ seconds: Int64) { self.seconds += seconds }

    // MARK: What happens to requests

    /// The requester sends a request, which is accepted.
    @discardableResult
    mutating func send(_ number: Int, tag: UUID = UUID()) -> UUID {
        add(Self.requester, .send, tag, number: number)
        add(Self.requester, .accepted, tag)
        return tag
    }

    /// The requester sends a request, and its send fails.
    mutating func fail(_ number: Int, _ code: String, _ delivery: String) -> UUID {
        let tag = UUID()
        add(Self.requester, .send, tag, number: number)
        add(Self.requester, .failed, tag, code: code, delivery: delivery)
        return tag
    }

    mutating func start(_ tag: UUID, by process: String = Self.agent, attempt: Int = 1) {
        add(process, .start, tag, attempt: attempt, text: "ordered")
    }

    /// An agent executes and answers.
    mutating func execute(_ tag: UUID, by process: String = Self.agent, attempt: Int = 1) {
        start(tag, by: process, attempt: attempt)
        add(process, .end, tag)
        add(process, .answered, tag)
    }

    /// The requester receives a result.
    mutating func result(_ tag: UUID, of other: UUID? = nil) {
        let text = "\((other ?? tag).uuidString.lowercased()) \(Self.agent)"
        add(Self.requester, .answer, tag, code: LedgerEvent.result, text: text)
    }

    /// The requester receives an error.
    mutating func error(_ tag: UUID, _ code: String) {
        add(Self.requester, .answer, tag, code: code)
    }

    /// From the request to its result.
    @discardableResult
    mutating func serve(_ number: Int) -> UUID {
        let tag = send(number)
        execute(tag)
        result(tag)
        return tag
    }

    mutating func fault(_ number: Int, _ kind: String, on target: String) {
        add(target, .fault, mailbox: nil, number: number, text: kind)
    }

    mutating func heal(_ number: Int, on target: String) {
        add(target, .healed, mailbox: nil, number: number)
    }

    /// The requester has waited for its answers.
    func verdict(_ limits: CheckLimits = CheckLimits()) -> Verdict {
        var script = self
        script.add(Self.requester, .finished, mailbox: nil)
        return LedgerCheck(script.events.shuffled(), limits: limits).verdict()
    }

    /// The kinds of the violations that are found.
    func violations(_ limits: CheckLimits = CheckLimits()) -> [Violation.Kind] {
        verdict(limits).violations.map(\.kind)
    }
}
