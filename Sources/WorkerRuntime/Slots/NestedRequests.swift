internal import AgentExchange
internal import Foundation
internal import Synchronization

/// The requests that running handlers of this runtime wait for, and that are on their way through the mailbox of one slot.
///
/// They can be served early, past the mailbox. A request that was served early arrives nevertheless, and is not served again.
final class NestedRequests: Sendable {
    /// A request on its way.
    struct Waiting: Sendable {
        let request: Request
        let answered: @Sendable (Response) -> Void
    }

    /// The meaning of a request that arrives.
    enum Arrival {
        /// It is to be served.
        case new
        /// It is being served early, and its answer settles it.
        case running
        /// It was served early, and answered.
        case ended
    }

    private enum Early {
        case starting
        case running(hasArrived: Bool)
        case ended(until: Date)
    }

    private struct State {
        var waiting: [RequestKey: Waiting] = [:]
        var early: [RequestKey: Early] = [:]
        /// The number of ended ones at which those that can't arrive any more are forgotten.
        var limit = 1024
    }

    private let state = Mutex(State())

    /// The number of requests that are remembered.
    var count: Int { state.withLock { $0.waiting.count + $0.early.count } }

    /// Adds a request that is about to be sent.
    func add(_ request: Request, _ answered: @escaping @Sendable (Response) -> Void) {
        state.withLock { $0.waiting[RequestKey(request)] = Waiting(request: request, answered: answered) }
    }

    /// Forgets a request whose sender waits no longer.
    func remove(_ request: Request) {
        let old = state.withLock { $0.waiting.removeValue(forKey: RequestKey(request)) }
        withExtendedLifetime(old) {}
    }

    /// Returns a request that has not arrived. It is served early from now on.
    func take(_ request: Request) -> Waiting? {
        state.withLock { state in
            guard let waiting = state.waiting.removeValue(forKey: RequestKey(request)) else { return nil }
            state.early[RequestKey(request)] = .starting
            return waiting
        }
    }

    /// Returns the requests that have not arrived. They are served early from now on.
    func takeAll() -> [Waiting] {
        state.withLock { state in
            if state.waiting.isEmpty { return [] }
            for key in state.waiting.keys { state.early[key] = .starting }
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
    }

    /// A request begins: the first time that one which is served early comes here, it is served.
    func arrive(_ request: Request) -> Arrival {
        let key = RequestKey(request)
        let (arrival, old): (Arrival, Waiting?) = state.withLock { state in
            if state.early.isEmpty, state.waiting.isEmpty { return (.new, nil) }
            switch state.early[key] {
            case nil: return (.new, state.waiting.removeValue(forKey: key))
            case .starting:
                state.early[key] = .running(hasArrived: false)
                return (.new, nil)
            case .running:
                state.early[key] = .running(hasArrived: true)
                return (.running, nil)
            case .ended:
                state.early[key] = nil
                return (.ended, nil)
            }
        }
        withExtendedLifetime(old) {}
        return arrival
    }

    /// The early service of a request has ended. Returns whether the request has arrived meanwhile.
    func end(_ request: Request) -> Bool {
        let key = RequestKey(request)
        return state.withLock { state in
            if case .running(hasArrived: true) = state.early[key] {
                state.early[key] = nil
                return true
            }
            // Its mailbox answers it in its place after the deadline.
            state.early[key] = .ended(until: request.deadline ?? .distantFuture)
            if state.early.count > state.limit {
                let now = Date()
                state.early = state.early.filter { if case .ended(let end) = $0.value { end > now } else { true } }
                state.limit = max(1024, 2 * state.early.count)
            }
            return false
        }
    }

    /// A request is not served early: it is served as it arrives.
    func drop(_ request: Request) {
        state.withLock { $0.early[RequestKey(request)] = nil }
    }
}

/// A call that may have sent a request to a slot of its own runtime.
final class NestedCall: Sendable {
    private let sent = Mutex<(slot: Slot, request: Request)?>(nil)

    /// Remembers the request.
    func send(_ request: Request, to slot: Slot) {
        sent.withLock { $0 = (slot, request) }
    }

    /// The call has ended: nothing stays of a request that has not arrived.
    func end() {
        if let (slot, request) = sent.withLock({ $0 }) { slot.nested.remove(request) }
    }
}

extension RequestKey {
    fileprivate init(_ request: Request) {
        self.init(source: request.source, tag: request.tag)
    }
}

extension Slot {
    /// Sends a request that a handler of this runtime waits for.
    ///
    /// It goes through the mailbox, in its order, while enough places are free. When half of them are taken it is served past
    /// the mailbox: the holders of the places may all wait for it, one for its answer and the others for their turn.
    ///
    /// - Returns: `false` when the slot takes no more requests.
    func serveNested(
        _ request: Request,
        by sender: any ExchangeTransport,
        _ answered: @escaping @Sendable (Response) -> Void
    ) -> Bool {
        if isCrowded { return client?.serve(request, answered: answered) ?? false }
        nested.add(request, answered)
        _ = sender.post(.request(request)) { [self] result in
            // Without a connection it need not leave the process. If it did arrive, it is known.
            if case .failure = result, let client, let waiting = nested.take(request) { serve(waiting, client) }
        }
        serveEarly()
        return true
    }

    /// Serves the requests on their way to the slot, if it is crowded. Called when it may have become so.
    func serveEarly() {
        guard isCrowded, let client else { return }
        for waiting in nested.takeAll() { serve(waiting, client) }
    }

    private func serve(_ waiting: NestedRequests.Waiting, _ client: AgentExchangeClient) {
        let request = waiting.request
        let isServed = client.serve(request) { [nested, transport] response in
            waiting.answered(response)
            // The second answer settles the request in its mailbox; its sender drops it.
            if nested.end(request) { _ = transport.post(.response(response)) { _ in } }
        }
        // It runs because it arrived at this moment, or the mailbox is being closed and answers it.
        if !isServed { nested.drop(request) }
    }
}
