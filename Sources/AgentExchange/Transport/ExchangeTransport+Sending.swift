internal import Synchronization

extension ExchangeTransport {
    /// Sends messages together: the same as ``send(_:)`` for each of them in turn, with one wait for all.
    ///
    /// Requests are on their way all at a time, as far as the exchange lets them; other messages are sent one by one. They
    /// arrive in this order at each mailbox, except for one that the mailbox refused at first and took later. What becomes of
    /// one does not end the others.
    ///
    /// Each message has the exchange's limit for operations from the beginning on, so send very many in portions: some
    /// hundreds have all the speed that there is. When the task is cancelled, what has not arrived yet is withdrawn.
    ///
    /// - Returns: For each message, in the same order, what ``send(_:)`` would have returned or thrown.
    public func send(_ messages: [Message]) async -> [Result<Void, ExchangeError>] {
        if Task.isCancelled {
            let error = ExchangeError(.cancelled, "the sending task was cancelled", delivery: .notSent)
            return messages.map { _ in .failure(error) }
        }
        if sendsAtOnce || !messages.allSatisfy(\.isRequest) {
            var results: [Result<Void, ExchangeError>] = []
            for message in messages { results.append(await result(of: message)) }
            return results
        }
        let shipment = Shipment(count: messages.count)
        let posted = messages.enumerated().map { number, message in
            post(message) { shipment.end(number, $0) }
        }
        return await withTaskCancellationHandler {
            await shipment.results()
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

/// Messages that were sent together, until it is known of each what became of it.
private final class Shipment: Sendable {
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

    /// It is known of a message. Called once for each.
    func end(_ number: Int, _ result: Result<Void, ExchangeError>) {
        let waiter: CheckedContinuation<Void, Never>? = state.withLock { state in
            if case .failure = result { state.results[number] = result }
            state.open -= 1
            return state.open == 0 ? state.waiter : nil
        }
        waiter?.resume()
    }

    /// Waits until it is known of all.
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
