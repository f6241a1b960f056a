/// What was counted in a run.
public struct Figures: Sendable, Codable {
    /// A time to recover.
    public struct Recovery: Sendable, Codable {
        /// The kind of the fault that ended last.
        public let fault: String
        /// From its end until every requester that lives had a result from every agent again.
        public let seconds: Double
    }

    /// The length of the run.
    public internal(set) var seconds = 0.0
    /// Requests that were about to be sent.
    public internal(set) var requests = 0
    /// Those whose send returned.
    public internal(set) var accepted = 0
    /// Those whose requester died while it sent them.
    public internal(set) var open = 0
    /// Sends that failed, by what the error says of the message.
    public internal(set) var failures: [String: Int] = [:]
    /// Sends that failed, by code.
    public internal(set) var failureCodes: [String: Int] = [:]
    /// Answers, by code.
    public internal(set) var answers: [String: Int] = [:]
    /// Accepted requests whose requesters died, without an answer.
    public internal(set) var orphans = 0
    /// Of these, those that no agent executed to its end, although their mailbox was not terminated. Over the hybrid exchange an
    /// agent that died with its requester may have taken one with it; over the broker alone there are none.
    public internal(set) var lostWithBoth = 0
    /// Events that were about to be published to the agents of workers.
    public internal(set) var events = 0
    /// How often agent types began to handle one.
    public internal(set) var handledEvents = 0
    /// Executions.
    public internal(set) var executions = 0
    /// Requests that were executed more than once, as is allowed after a crash.
    public internal(set) var executedAgain = 0
    /// Executions that a process began which could not know that the mailbox was terminated.
    public internal(set) var begunLate = 0
    /// Of the unknown ones, those that were executed.
    public internal(set) var unknownExecuted = 0
    /// Faults, by kind.
    public internal(set) var faults: [String: Int] = [:]
    /// Mailboxes that were asked.
    public internal(set) var mailboxes = 0
    /// Those that were terminated.
    public internal(set) var terminations = 0
    /// Lives of requesters.
    public internal(set) var requesters = 0
    /// Lives of agents.
    public internal(set) var agents = 0
    /// The times to recover that could be measured.
    public internal(set) var recoveries: [Recovery] = []

    /// The longest time that a requester which lived on had no result of an agent, with the faults that were there then.
    public internal(set) var longestSilence: Recovery?

    /// The longest time to recover.
    public var longestRecovery: Recovery? { recoveries.max { $0.seconds < $1.seconds } }

    /// The median time to recover, in seconds.
    public var medianRecovery: Double? {
        let sorted = recoveries.map(\.seconds).sorted()
        return sorted.isEmpty ? nil : sorted[sorted.count / 2]
    }
}
