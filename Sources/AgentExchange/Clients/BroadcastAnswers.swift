/// What one agent answered to a broadcast.
public struct BroadcastAnswer: Sendable {
    /// The agent.
    public let agentID: AgentID

    /// Its result, or why there is none: the agent's error, or ``ExchangeError/Code/deadlineExceeded`` for an agent that did
    /// not answer in time.
    public let result: Result<Payload?, ExchangeError>
}

/// The answers to a broadcast as they come: one for every agent that was asked.
///
/// Agents that have not answered at the deadline come last, with an error. Ends early when the task is cancelled.
public struct BroadcastAnswers: AsyncSequence, Sendable {
    /// An answer.
    public typealias Element = BroadcastAnswer
    /// Answers that are errors are elements; the sequence itself does not fail.
    public typealias Failure = Never

    /// Forgets the broadcast when nobody can pull its answers any more.
    private final class Owner: Sendable {
        let core: ClientCore
        let gathering: Gathering

        init(_ core: ClientCore, _ gathering: Gathering) {
            self.core = core
            self.gathering = gathering
        }

        deinit {
            core.streams.remove(gathering)
            gathering.end()
        }
    }

    private let owner: Owner
    private let deadline: ContinuousClock.Instant
    private var gathering: Gathering { owner.gathering }

    init(core: ClientCore, gathering: Gathering, deadline: ContinuousClock.Instant) {
        owner = Owner(core, gathering)
        self.deadline = deadline
    }

    /// Pulls answers.
    public struct Iterator: AsyncIteratorProtocol {
        let answers: BroadcastAnswers
        var missing: [AgentID]?

        /// The next answer.
        public mutating func next(isolation actor: isolated (any Actor)?) async -> BroadcastAnswer? {
            if missing == nil {
                // Only agents are asked: a response of anybody else is none.
                while let response = await answers.pull() {
                    if let answer = BroadcastAnswer(response) { return answer }
                }
                missing = Task.isCancelled ? [] : answers.gathering.missing
            }
            guard let agent = missing?.popLast() else { return nil }
            let text = "no answer to the broadcast in time"
            return BroadcastAnswer(
                agentID: agent,
                result: .failure(ExchangeError(.deadlineExceeded, text, entity: .agent(agent), delivery: .unknown))
            )
        }
    }

    /// Makes an iterator. Only one at a time may pull.
    public func makeAsyncIterator() -> Iterator {
        Iterator(answers: self)
    }

    private func pull() async -> Response? {
        let alarm = Task { [gathering, deadline] in
            do { try await Task.sleep(until: deadline, clock: .continuous) } catch { return }
            gathering.end(.deadlineExceeded)
        }
        defer { alarm.cancel() }
        let response = await gathering.next()
        if response == nil { owner.core.streams.remove(gathering) }
        return response
    }
}

extension BroadcastAnswer {
    fileprivate init?(_ response: Response) {
        guard let agent = response.source.agentID else { return nil }
        agentID = agent
        switch response.outcome {
        case .success(let payload): result = .success(payload)
        case .part(_, let payload): result = .success(payload)
        case .failure(let failure): result = .failure(ExchangeError(failure, from: response.source))
        }
    }
}
