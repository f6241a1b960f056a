internal import DequeModule
internal import Foundation
internal import Primitives
internal import Synchronization

/// The answers to one broadcast that have arrived and wait to be pulled.
final class Gathering: Sendable {
    private typealias Waiter = CheckedContinuation<Response?, Never>

    private struct State {
        var answers: Deque<Response> = []
        var answered: Set<EntityID> = []
        /// The agents that were asked; unknown until the broadcast was sent.
        var expected: Set<EntityID>?
        var waiter: Waiter?
        var isEnded = false
        /// Called once when no more answers can come, with the reason if some agents have not answered.
        var tellEnd: (@Sendable (ExchangeError.Code?) -> Void)?

        /// Whether no more answers can come.
        var isComplete: Bool { isEnded || expected.map { $0.isSubset(of: answered) } ?? false }
    }

    let tag = UUID.random()
    let label: UUID
    private let state = Mutex(State())

    init(label: UUID) {
        self.label = label
    }

    /// The agents that were asked and have not answered.
    var missing: [AgentID] {
        state.withLock { ($0.expected ?? []).subtracting($0.answered) }.compactMap(\.agentID)
    }

    /// Adds an answer. The first answer of each agent counts.
    ///
    /// - Returns: `false` when it comes from an entity that was not asked.
    @discardableResult
    func put(_ response: Response) -> Bool {
        guard response.isTerminal else { return true }
        let (wasAsked, waiter): (Bool, Waiter?) = state.withLock { state in
            if state.expected?.contains(response.source) == false { return (false, nil) }
            guard !state.isEnded, state.answered.insert(response.source).inserted else { return (true, nil) }
            guard let waiter = state.waiter else {
                state.answers.append(response)
                return (true, nil)
            }
            state.waiter = nil
            return (true, waiter)
        }
        // The end is told before the waiting task goes on.
        finish(nil) { _ in }
        waiter?.resume(returning: response)
        return wasAsked
    }

    /// Records the agents that the broadcast addressed. Calls `tellEnd` once, without a code when all of them have
    /// answered.
    ///
    /// - Returns: The early answers of other entities. No answer is pulled before this call.
    @discardableResult
    func expect(
        _ agents: [AgentID],
        tellEnd: (@Sendable (ExchangeError.Code?) -> Void)? = nil
    ) -> [Response] {
        let expected = Set(agents.map(EntityID.agent))
        return finish(nil) { state in
            let others = state.answers.filter { !expected.contains($0.source) }
            state.expected = expected
            state.answers.removeAll { !expected.contains($0.source) }
            state.tellEnd = tellEnd
            return Array(others)
        }
    }

    /// Ends the wait for further answers with a reason.
    func end(_ code: ExchangeError.Code = .cancelled) {
        finish(code) { $0.isEnded = true }
    }

    private func finish<Result: Sendable>(
        _ code: ExchangeError.Code?,
        _ change: (inout State) -> Result
    ) -> Result {
        typealias TellEnd = @Sendable (ExchangeError.Code?) -> Void
        let (result, waiter, tellEnd): (Result, Waiter?, TellEnd?) = state.withLock { state in
            let result = change(&state)
            guard state.isComplete else { return (result, nil, nil) }
            defer {
                state.waiter = nil
                state.tellEnd = nil
            }
            return (result, state.waiter, state.tellEnd)
        }
        tellEnd?(code)
        waiter?.resume(returning: nil)
        return result
    }

    /// Returns the next answer, or `nil` when all have come, after ``end()``, and while another task waits for one.
    func next() async -> Response? {
        await withWaiter { continuation in
            state.withLock { state in
                if let answer = state.answers.popFirst() { return .some(answer) }
                if state.isComplete || state.waiter != nil { return .some(nil) }
                state.waiter = continuation
                return nil
            }
        } onCancel: {
            end()
        }
    }
}
