internal import Synchronization

/// The parts of one streamed result that have arrived and were not pulled. The requester's credit bounds them.
final class PartBuffer: Sendable {
    /// What the next pull yields.
    enum Event: Sendable {
        /// The next part.
        case part(Payload)
        /// All parts were pulled, and the request ended so.
        case ended(Response.Outcome)
        /// The request ended without a response.
        case failed(ExchangeError)
        /// Nothing came within the time.
        case quiet
    }

    private typealias Waiter = CheckedContinuation<Event, Never>

    private struct State {
        var parts: [Int: Payload] = [:]
        var next = 0
        var end: Event?
        var waiter: (number: Int, continuation: Waiter)?
        var pulls = 0
        var givenUp = 0
        var isFinished = false

        /// The next part in order, else the end when it has come.
        mutating func take() -> Event? {
            if let part = parts.removeValue(forKey: next) {
                next += 1
                return .part(part)
            }
            return end
        }
    }

    private let state = Mutex(State())

    /// The request; its label keeps other handles out.
    let request: Request

    /// What the stream is reported to.
    let outgoing: OutgoingCall

    init(request: Request, outgoing: OutgoingCall) {
        self.request = request
        self.outgoing = outgoing
    }

    /// Nobody pulls any more. Returns whether this is the first call.
    func finish() -> Bool {
        state.withLock { state in
            defer { state.isFinished = true }
            return !state.isFinished
        }
    }

    /// How many parts were pulled.
    var pulled: Int { state.withLock { $0.next } }

    /// A response came: a part, or the terminal one. A second copy of a part is dropped.
    func put(_ response: Response) {
        wake { state in
            if case .part(let number, let payload) = response.outcome {
                if number >= state.next + RemoteHandle.streamWindow {
                    state.end = state.end ?? .failed(Self.beyondCredit)
                } else if number >= state.next {
                    state.parts[number] = payload
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

    /// The request ended without a response.
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

    /// Waits for what comes next, or until the time is over. A cancelled task gets ``Event/quiet`` at once.
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
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now: Event? = state.withLock { state in
                    if let event = state.take() { return event }
                    if state.givenUp == number { return .quiet }
                    guard state.waiter == nil else {
                        return .failed(ExchangeError(.invalidMessage, "another task pulls this stream"))
                    }
                    state.waiter = (number, continuation)
                    return nil
                }
                if let now { continuation.resume(returning: now) }
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
