internal import AMQP
internal import AgentExchange
internal import Synchronization

/// The connection state of a session, for all its readers.
final class ConnectionStateFeed: Sendable {
    private struct State {
        var current = ConnectionState.idle
        var readers: [Int: AsyncStream<ConnectionState>.Continuation] = [:]
        var next = 0
    }

    private let state = Mutex(State())

    /// The current state.
    var current: ConnectionState { state.withLock { $0.current } }

    /// Returns the states from now on, beginning with the current one.
    func states() -> ConnectionStates {
        let (stream, continuation) = AsyncStream.makeStream(
            of: ConnectionState.self,
            bufferingPolicy: .bufferingNewest(16)
        )
        let number = state.withLock { state in
            state.next += 1
            state.readers[state.next] = continuation
            continuation.yield(state.current)
            return state.next
        }
        // Kept while it has readers.
        continuation.onTermination = { [self] _ in
            _ = state.withLock { $0.readers.removeValue(forKey: number) }
        }
        return ConnectionStates(stream: stream)
    }

    /// Sets a new state. An equal one is not reported.
    func set(_ new: ConnectionState) { update { new } }

    /// Sets the combined state of the session's connections: the worst.
    ///
    /// - Parameter current: Returns the states at present. They are read under the lock, so the later of two tasks
    ///   sets the present state.
    func update(_ current: () -> [RecoveringConnectionState]) {
        update {
            let states = current().map(ConnectionState.init)
            let refused = states.first { if case .refused = $0 { true } else { false } }
            return refused ?? states.first { $0 != .connected } ?? .connected
        }
    }

    private func update(_ new: () -> ConnectionState) {
        state.withLock { state in
            let new = new()
            guard state.current != new else { return }
            state.current = new
            for reader in state.readers.values { reader.yield(new) }
        }
    }
}

extension ConnectionState {
    init(_ state: RecoveringConnectionState) {
        self =
            switch state {
            case .connected: .connected
            case .closed: .idle
            case .recovering(let error, _): .reconnecting(ExchangeError(error, "").code)
            case .refused(let error, _): .refused(ExchangeError(error, "").code)
            }
    }
}
