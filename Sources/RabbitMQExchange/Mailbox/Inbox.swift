internal import AgentExchange
internal import DequeModule
internal import Primitives
internal import Synchronization

/// The messages that have arrived for a transport and were not received yet: notices before responses before requests,
/// each in order.
///
/// The prefetch limits the requests, the sent requests limit the responses, and ``noticeLimit`` limits the notices.
final class Inbox: Sendable {
    private typealias Waiter = CheckedContinuation<Result<Message, ExchangeError>?, Never>

    /// A function in a struct: handing on a bare optional function allocates.
    private struct Sink {
        let take: @Sendable (Message) -> Void
    }

    private struct State {
        var notices: Deque<Notice> = []
        var responses: Deque<Response> = []
        var requests: Deque<Request> = []
        var waiter: (ticket: UInt64, continuation: Waiter)?
        var tickets: UInt64 = 0
        /// The last ticket whose wait was given up, possibly before it began.
        var givenUp: UInt64 = 0
        var end: ExchangeError?
        /// The function that takes messages instead.
        var sink: Sink?
        /// The task that waits for the end while messages go to the sink.
        var pusher: CheckedContinuation<ExchangeError, Never>?
    }

    private let state = Mutex(State())

    /// The maximum number of waiting notices. Further ones are dropped, as notices may be.
    static let noticeLimit = 4096

    /// The number of waiting requests.
    var requestCount: Int { state.withLock { $0.requests.count } }

    /// Adds a message. Returns `false` after the end, when it takes none.
    @discardableResult
    func put(_ message: Message) -> Bool {
        let taker: (waiter: Waiter?, sink: Sink?)? = state.withLock { state in
            guard state.end == nil else { return nil }
            if let sink = state.sink { return (nil, sink) }
            if let waiter = state.waiter {
                state.waiter = nil
                return (waiter.continuation, nil)
            }
            switch message {
            case .notice(let notice): if state.notices.count < Self.noticeLimit { state.notices.append(notice) }
            case .response(let response): state.responses.append(response)
            case .request(let request): state.requests.append(request)
            }
            return (nil, nil)
        }
        guard let taker else { return false }
        taker.sink?.take(message)
        taker.waiter?.resume(returning: .success(message))
        return true
    }

    /// Passes the waiting messages, and then every added one, to a function on the thread that adds it, until the end
    /// or until the task is cancelled.
    ///
    /// - Returns: The error that ``next(timeout:)`` would throw.
    func push(to take: @escaping @Sendable (Message) -> Void) async -> ExchangeError {
        while true {
            // Earlier messages go first.
            let message: Message? = state.withLock { state in
                guard state.end == nil else { return nil }
                if let message = Self.take(&state) { return message }
                state.sink = Sink(take: take)
                return nil
            }
            guard let message else { break }
            take(message)
        }
        return await withWaiter { continuation in
            state.withLock { state in
                if let end = state.end { return end }
                if Task.isCancelled { return Self.cancelled(&state) }
                state.pusher = continuation
                return nil
            }
        } onCancel: {
            let (pusher, error) = state.withLock { state in
                defer { state.pusher = nil }
                return (state.pusher, Self.cancelled(&state))
            }
            pusher?.resume(returning: error)
        }
    }

    private static func cancelled(_ state: inout State) -> ExchangeError {
        state.sink = nil
        return ExchangeError(.cancelled, "the receiving task was cancelled")
    }

    /// Removes the requests that satisfy a condition.
    func removeRequests(where condition: (Request) -> Bool) {
        state.withLock { $0.requests.removeAll(where: condition) }
    }

    /// Ends the inbox: receiving throws the error. The first end counts.
    ///
    /// - Returns: The responses that were not received.
    @discardableResult
    func end(_ error: ExchangeError) -> [Response] {
        let (waiter, pusher, responses): (Waiter?, CheckedContinuation<ExchangeError, Never>?, [Response])
        (waiter, pusher, responses) = state.withLock { state in
            guard state.end == nil else { return (nil, nil, []) }
            let responses = Array(state.responses)
            state.end = error
            state.notices = []
            state.responses = []
            state.requests = []
            defer {
                state.waiter = nil
                state.pusher = nil
                state.sink = nil
            }
            return (state.waiter?.continuation, state.pusher, responses)
        }
        pusher?.resume(returning: error)
        waiter?.resume(returning: .failure(error))
        return responses
    }

    /// Waits for the next message.
    func next(timeout: Duration?) async throws(ExchangeError) -> Message {
        let (message, ticket) = try takeOrDrawTicket()
        if let message { return message }
        let alarm = timeout.map { timeout in
            Task { [self] in
                do { try await Task.sleep(for: timeout) } catch { return }
                giveUp(ticket)
            }
        }
        defer { alarm?.cancel() }
        let result = await withWaiter { continuation in
            enter(ticket, continuation)
        } onCancel: {
            giveUp(ticket)
        }
        switch result {
        case .success(let message)?: return message
        case .failure(let error)?: throw error
        case nil:
            if Task.isCancelled { throw ExchangeError(.cancelled, "the receiving task was cancelled") }
            throw ExchangeError(.deadlineExceeded, "no message came in time")
        }
    }

    /// Returns the next message, if any, else a number for one wait, so that a late alarm ends no other wait.
    private func takeOrDrawTicket() throws(ExchangeError) -> (Message?, UInt64) {
        let taken: Result<(Message?, UInt64), ExchangeError> = state.withLock { state in
            if let end = state.end { return .failure(end) }
            state.tickets += 1
            return .success((Self.take(&state), state.tickets))
        }
        return try taken.get()
    }

    private static func take(_ state: inout State) -> Message? {
        if let notice = state.notices.popFirst() { return .notice(notice) }
        if let response = state.responses.popFirst() { return .response(response) }
        return state.requests.popFirst().map { .request($0) }
    }

    private func enter(_ ticket: UInt64, _ continuation: Waiter) -> Result<Message, ExchangeError>?? {
        state.withLock { state in
            if let end = state.end { return .some(.failure(end)) }
            if let message = Self.take(&state) { return .some(.success(message)) }
            if state.givenUp == ticket { return .some(nil) }
            guard state.waiter == nil else {
                return .some(.failure(ExchangeError(.mailboxInUse, "another task receives from this mailbox")))
            }
            state.waiter = (ticket, continuation)
            return nil
        }
    }

    private func giveUp(_ ticket: UInt64) {
        let waiter: Waiter? = state.withLock { state in
            guard let waiter = state.waiter, waiter.ticket == ticket else {
                state.givenUp = ticket
                return nil
            }
            state.waiter = nil
            return waiter.continuation
        }
        waiter?.resume(returning: nil)
    }
}
