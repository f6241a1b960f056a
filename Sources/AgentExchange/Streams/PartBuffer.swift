internal import Primitives
internal import Synchronization

/// The parts of one streamed result that have arrived and wait to be pulled. The requester's credit bounds them.
final class PartBuffer: Sendable {
    /// The result of one pull.
    enum Event: Sendable {
        /// The next part.
        case part(Payload)
        /// All parts were pulled, and the request ended with this outcome.
        case ended(Response.Outcome)
        /// The request ended without a response.
        case failed(ExchangeError)
        /// No part came before the timeout.
        case quiet
    }

    private typealias Waiter = CheckedContinuation<Event, Never>

    private struct State {
        var parts: [Int: Payload] = [:]
        var next = 0
        var credit: PartCredit
        var end: Event?
        var waiter: (number: Int, continuation: Waiter)?
        var pulls = 0
        var givenUp = 0
        var isFinished = false

        /// Removes and returns the next part in order, or the end of the stream if it has come.
        mutating func take() -> Event? {
            if let part = parts.removeValue(forKey: next) {
                next += 1
                return .part(part)
            }
            return end
        }
    }

    private let state: Mutex<State>

    /// The request. Its label keeps the stream apart from other handles.
    let request: Request

    /// The metrics and trace of the call.
    let outgoing: OutgoingCall

    init(request: Request, outgoing: OutgoingCall) {
        self.request = request
        self.outgoing = outgoing
        state = Mutex(State(credit: PartCredit(granted: request.credit ?? 0)))
    }

    /// Marks the buffer as no longer pulled. Returns whether this is the first call.
    func finish() -> Bool {
        state.withLock { state in
            defer { state.isFinished = true }
            return !state.isFinished
        }
    }

    /// The number of parts pulled.
    var pulled: Int { state.withLock { $0.next } }

    /// The number of the parts that the agent may send, counted from the first.
    var credit: Int { state.withLock { $0.credit.granted } }

    /// Raises the credit as parts are pulled. Returns whether the agent must be told.
    func raiseCredit(streams: Int) -> Bool {
        state.withLock { $0.credit.raise(pulled: $0.next, streams: streams) }
    }

    /// Adds a response: a part, or the terminal response. A duplicate part is dropped.
    func put(_ response: Response) {
        if response.isTerminal { outgoing.answered(by: response.way) }
        wake { state in
            if case .part(let number, let payload) = response.outcome {
                if number >= state.credit.granted {
                    state.end = state.end ?? .failed(Self.beyondCredit)
                } else if number >= state.next {
                    state.parts[number] = payload
                    state.credit.arrived(bytes: payload.bytes.count)
                }
            } else if state.end == nil {
                state.end = .ended(response.outcome)
            }
        }
    }

    private static let beyondCredit = ExchangeError(
        .invalidMessage,
        "the agent sent more parts than there was credit for",
        delivery: .unknown
    )

    /// Ends the stream of a request that ended without a response.
    func fail(_ error: ExchangeError) {
        wake { state in
            if state.end == nil { state.end = .failed(error) }
        }
    }

    private func wake(_ change: (inout State) -> Void) {
        let (waiter, event): (Waiter?, Event?) = state.withLock { state in
            change(&state)
            guard let waiter = state.waiter, let event = state.take() else { return (nil, nil) }
            state.waiter = nil
            return (waiter.continuation, event)
        }
        if let waiter, let event { waiter.resume(returning: event) }
    }

    /// Waits for the next event until the timeout. A cancelled task gets ``Event/quiet`` at once.
    func pull(timeout: Duration) async -> Event {
        let (now, number): (Event?, Int) = state.withLock { state in
            state.pulls += 1
            return (state.take(), state.pulls)
        }
        if let now { return now }
        let alarm = Task { [self] in
            try? await Task.sleep(for: timeout)
            giveUp(number)
        }
        defer { alarm.cancel() }
        return await withWaiter { continuation in
            state.withLock { state in
                if let event = state.take() { return event }
                if state.givenUp == number { return .quiet }
                guard state.waiter == nil else {
                    return .failed(ExchangeError(.invalidMessage, "another task pulls this stream"))
                }
                state.waiter = (number, continuation)
                return nil
            }
        } onCancel: {
            giveUp(number)
        }
    }

    private func giveUp(_ number: Int) {
        let waiter: Waiter? = state.withLock { state in
            guard let waiter = state.waiter, waiter.number == number else {
                state.givenUp = number
                return nil
            }
            state.waiter = nil
            return waiter.continuation
        }
        waiter?.resume(returning: .quiet)
    }
}
