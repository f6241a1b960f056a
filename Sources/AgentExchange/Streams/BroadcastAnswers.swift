/// One agent's answer to a broadcast.
public struct BroadcastAnswer: Sendable {
    /// The agent.
    public let agentID: AgentID

    /// The agent's result, or its error. An agent that did not answer in time has
    /// ``ExchangeError/Code/deadlineExceeded``.
    public let result: Result<Payload?, ExchangeError>
}

/// The answers to a broadcast as they arrive: one for every agent that was asked.
///
/// Agents that have not answered by the deadline come last, with an error. The sequence ends early when the task is
/// cancelled.
public struct BroadcastAnswers: AsyncSequence, Sendable {
    /// An answer.
    public typealias Element = BroadcastAnswer
    /// The sequence never fails: an agent's error is an element.
    public typealias Failure = Never

    /// Ends the broadcast when its last iterator is released.
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

        /// Returns the next answer.
        public mutating func next(isolation actor: isolated (any Actor)?) async -> BroadcastAnswer? {
            if missing == nil {
                // Only agents are asked: drops responses of other entities.
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

    /// Makes an iterator. Only one iterator may pull at a time.
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
