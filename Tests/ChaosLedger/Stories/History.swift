internal import Foundation

/// The events of all ledgers, put together by request, process, mailbox and fault.
struct History {
    private(set) var requests: [UUID: RequestStory] = [:]
    private(set) var processes: [String: ProcessStory] = [:]
    private(set) var faults: [FaultWindow] = []
    /// When the first termination of a mailbox returned.
    private(set) var terminations: [UUID: Int64] = [:]
    /// Executions in the order in which they were handed out, by process and mailbox.
    private(set) var arrivals: [Place: [Arrival]] = [:]
    /// The times at which a process got its answers taken, by process and mailbox, in order.
    private(set) var settlings: [Place: [Int64]] = [:]
    /// The times at which a process opened a mailbox, in order.
    private(set) var servings: [Place: [Int64]] = [:]
    /// When somebody first meant to terminate a mailbox.
    private(set) var terminating: [UUID: Int64] = [:]
    /// The runs of workers, by address, in the order of their starts.
    private(set) var runs: [UUID: [Run]] = [:]
    /// The queues of mailboxes that were not empty at the end, with their numbers of messages.
    private(set) var leftOvers: [String] = []
    private(set) var end: Int64 = 0

    /// A message in the hands of an agent of a worker.
    struct Run {
        let request: UUID
        let process: String
        let start: Int64
    }

    /// A mailbox in one life of a process.
    struct Place: Hashable {
        let process: String
        let mailbox: UUID
    }

    /// A request that an agent was handed.
    struct Arrival {
        let request: UUID
        let attempt: Int
        let agentType: String?
    }

    /// The text of a `start` that was written in the order of arriving.
    static let ordered = "ordered"
    /// The text of a `send` by a handle.
    static let call = "call"
    /// The text of a `send` that publishes an event. Its code has the agent types that have to receive it.
    static let event = "event"

    init(_ events: [LedgerEvent]) {
        for event in events.sorted(by: { $0.time < $1.time }) {
            end = max(end, event.time)
            note(process: event)
            switch event.kind {
            case .fault: begin(event)
            case .healed: heal(event)
            case .leftOver: if let text = event.text { leftOvers.append(text) }
            case .serving, .terminating, .terminated: note(mailbox: event)
            default: if let tag = event.request { note(event, tag) }
            }
        }
    }

    private mutating func note(process event: LedgerEvent) {
        guard event.kind != .fault, event.kind != .healed else { return }
        var story =
            processes[event.process]
            ?? ProcessStory(name: event.process, first: event.time, last: event.time)
        if event.kind != .died { story.last = event.time }
        switch event.kind {
        case .finished: story.finished = event.time
        case .closed: story.closed = event.time
        case .died:
            story.died = event.time
            story.cause = event.text
        default: break
        }
        processes[event.process] = story
    }

    private mutating func begin(_ event: LedgerEvent) {
        faults.append(
            FaultWindow(
                number: event.number ?? 0,
                target: ProcessStory.role(of: event.process),
                kind: event.text ?? "",
                begin: event.time,
                end: .max
            )
        )
    }

    private mutating func heal(_ event: LedgerEvent) {
        guard let index = faults.lastIndex(where: { $0.number == event.number }) else { return }
        faults[index].end = event.time
    }

    private mutating func note(mailbox event: LedgerEvent) {
        guard let mailbox = event.mailbox else { return }
        switch event.kind {
        case .serving: servings[Place(process: event.process, mailbox: mailbox), default: []].append(event.time)
        case .terminating where terminating[mailbox] == nil: terminating[mailbox] = event.time
        case .terminated where terminations[mailbox] == nil: terminations[mailbox] = event.time
        default: break
        }
    }

    private mutating func note(_ event: LedgerEvent, _ tag: UUID) {
        var story = requests[tag] ?? RequestStory(tag: tag)
        let execution = story.executions.lastIndex {
            $0.process == event.process && (event.code == nil || $0.agentType == nil || $0.agentType == event.code)
        }
        switch event.kind {
        case .send:
            story.requester = event.process
            story.mailbox = event.mailbox
            story.number = event.number ?? 0
            story.isCall = event.text == Self.call
            if event.text == Self.event {
                story.subscribers = Set((event.code ?? "").split(separator: ",").map(String.init))
            }
            story.sendTime = event.time
        case .accepted:
            story.sending = .accepted
            story.sendEnd = event.time
            story.isUntaken = event.code == LedgerEvent.untaken
        case .parked: story.parkingReason = event.text ?? ""
        case .failed:
            story.sending = .failed(code: event.code ?? "", delivery: event.delivery ?? "")
            story.sendEnd = event.time
        case .start:
            let attempt = event.attempt ?? 1
            story.executions.append(
                .init(process: event.process, agentType: event.code, attempt: attempt, start: event.time)
            )
            if let mailbox = event.mailbox, event.code != nil {
                runs[mailbox, default: []].append(Run(request: tag, process: event.process, start: event.time))
            }
            if let mailbox = event.mailbox, event.text == Self.ordered {
                let place = Place(process: event.process, mailbox: mailbox)
                arrivals[place, default: []].append(
                    Arrival(request: tag, attempt: attempt, agentType: event.code)
                )
            }
        case .end:
            if let execution { story.executions[execution].end = event.time }
        case .answered:
            if let execution { story.executions[execution].answered = event.time }
            if let mailbox = event.mailbox {
                settlings[Place(process: event.process, mailbox: mailbox), default: []].append(event.time)
            }
        case .answer:
            story.answers.append(
                .init(process: event.process, time: event.time, code: event.code ?? "", text: event.text)
            )
        default: break
        }
        requests[tag] = story
    }

    /// Whether a fault of a process, or of the broker, was there within a time, or had ended less than `grace` before it.
    ///
    /// - Parameter others: The kinds of faults that do not count.
    func isDisturbed(
        _ process: String,
        from start: Int64,
        to end: Int64,
        grace: Int64 = 0,
        otherThan others: Set<String> = []
    ) -> Bool {
        let role = ProcessStory.role(of: process)
        return faults.contains { fault in
            guard fault.target == role || fault.isEveryones, !others.contains(fault.kind) else { return false }
            let last = fault.end > .max - grace ? Int64.max : fault.end + grace
            return fault.begin <= end && last >= start
        }
    }
}

extension FaultWindow {
    /// Whether all processes feel it: a fault of the broker, or of one of its nodes.
    var isEveryones: Bool { target.hasPrefix("broker") }
}
