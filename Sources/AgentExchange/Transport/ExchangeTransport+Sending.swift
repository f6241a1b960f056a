internal import Synchronization

extension ExchangeTransport {
    /// Sends a message: ``send(_:)`` that returns its error, to pass it on.
    public func outcome(ofSending message: Message) async -> Result<Void, ExchangeError> {
        do throws(ExchangeError) {
            return .success(try await send(message))
        } catch {
            return .failure(error)
        }
    }

    /// Sends several messages at once: the same as ``send(_:)`` for each of them in turn, with one wait for all.
    ///
    /// Requests are sent concurrently, as far as the exchange allows; other messages are sent one by one. Messages
    /// arrive in this order at each mailbox, except for one that the mailbox first rejected and later accepted. The
    /// failure of one message does not end the others.
    ///
    /// Every message has the exchange's operation limit from the start, so send very many messages in batches: a few
    /// hundred already give the full speed. When the task is cancelled, messages that have not arrived yet are
    /// withdrawn.
    ///
    /// - Returns: The outcome of ``send(_:)`` for each message, in the same order.
    public func send(_ messages: [Message]) async -> [Result<Void, ExchangeError>] {
        if Task.isCancelled {
            let error = ExchangeError(.cancelled, "the sending task was cancelled", delivery: .notSent)
            return messages.map { _ in .failure(error) }
        }
        if sendsAtOnce || !messages.allSatisfy(\.isRequest) {
            var results: [Result<Void, ExchangeError>] = []
            for message in messages { results.append(await outcome(ofSending: message)) }
            return results
        }
        let batch = BatchedSend(count: messages.count)
        let posted = messages.enumerated().map { number, message in
            post(message) { batch.end(number, $0) }
        }
        return await withTaskCancellationHandler {
            await batch.results()
        } onCancel: {
            for message in posted { message.cancel() }
        }
    }
}

extension Message {
    fileprivate var isRequest: Bool {
        if case .request = self { true } else { false }
    }
}

/// A batch of messages, until the outcome of each is known.
private final class BatchedSend: Sendable {
    private typealias Results = [Result<Void, ExchangeError>]

    private struct State {
        var results: Results
        var open: Int
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state: Mutex<State>

    init(count: Int) {
        state = Mutex(State(results: Array(repeating: .success(()), count: count), open: count))
    }

    /// Records the outcome of a message. Called once for each.
    func end(_ number: Int, _ result: Result<Void, ExchangeError>) {
        let waiter: CheckedContinuation<Void, Never>? = state.withLock { state in
            if case .failure = result { state.results[number] = result }
            state.open -= 1
            return state.open == 0 ? state.waiter : nil
        }
        waiter?.resume()
    }

    /// Waits until every outcome is known.
    func results() async -> [Result<Void, ExchangeError>] {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if state.open > 0 { state.waiter = continuation }
                return state.open == 0
            }
            if isOver { continuation.resume() }
        }
        return state.withLock { $0.results }
    }
}
