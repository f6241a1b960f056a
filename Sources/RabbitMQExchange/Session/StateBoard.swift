internal import AMQP
internal import AgentExchange
internal import Synchronization

/// Where a session says how it is connected, for all who read that.
final class StateBoard: Sendable {
    private struct State {
        var current = ConnectionState.idle
        var readers: [Int: AsyncStream<ConnectionState>.Continuation] = [:]
        var next = 0
    }

    private let state = Mutex(State())

    /// The state of this moment.
    var current: ConnectionState { state.withLock { $0.current } }

    /// The states from now on, beginning with the present one.
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
        // As long as somebody reads, there is something to be read.
        continuation.onTermination = { [self] _ in
            _ = state.withLock { $0.readers.removeValue(forKey: number) }
        }
        return ConnectionStates(stream: stream)
    }

    /// Tells a new state; an equal one is not told.
    func set(_ new: ConnectionState) {
        state.withLock { state in
            guard state.current != new else { return }
            state.current = new
            for reader in state.readers.values { reader.yield(new) }
        }
    }

    /// Tells what two lines are together: as bad as the worse one.
    func set(_ lines: [LineState]) {
        let states = lines.map(ConnectionState.init)
        let refused = states.first { if case .refused = $0 { true } else { false } }
        set(refused ?? states.first { $0 != .connected } ?? .connected)
    }
}

extension ConnectionState {
    init(_ line: LineState) {
        self =
            switch line {
            case .connected: .connected
            case .closed: .idle
            case .recovering(let error, _): .reconnecting(ExchangeError(error, "").code)
            case .refused(let error, _): .refused(ExchangeError(error, "").code)
            }
    }
}
