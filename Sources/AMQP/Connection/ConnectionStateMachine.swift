/// The life of one connection: it is opened once and closed once.
///
/// Events in, actions out; no I/O and no clock.
struct ConnectionStateMachine {
    enum State: Equatable, Sendable {
        case idle
        case connecting
        case open(blocked: String?)
        case closing
        case closed
    }

    /// The action for the owner.
    enum Action: Equatable, Sendable {
        /// Nothing.
        case none
        /// Connect and log in.
        case connect
        /// Tell the listeners that publishing stopped.
        case blocked(reason: String)
        /// Tell the listeners and write the waiting publications.
        case unblocked
        /// Send `connection.close`, then wait for the answer until the caller's limit.
        case sendClose
        /// Answer close-ok, then end with the error.
        case answerCloseAndEnd(AMQPError)
        /// Answer close-ok and keep waiting for the answer to our close.
        case answerClose
        /// Release everything. With an error unless this side closed.
        case end(AMQPError?)
        /// The call is refused with this error.
        case refuse(AMQPError)
    }

    private(set) var state = State.idle

    /// Whether requests may be written.
    var isOpen: Bool { if case .open = state { true } else { false } }

    /// The broker's reason for blocking publishes, if it blocks.
    var blockedReason: String? { if case .open(let reason) = state { reason } else { nil } }

    mutating func openRequested() -> Action {
        switch state {
        case .idle:
            state = .connecting
            return .connect
        case .connecting, .open:
            return .refuse(
                AMQPError(code: .unsupported, delivery: .notSent, message: "The connection was opened before.")
            )
        case .closing, .closed: return .refuse(.closed("connection"))
        }
    }

    mutating func connected() -> Action {
        guard state == .connecting else { return .none }
        state = .open(blocked: nil)
        return .none
    }

    mutating func closeRequested() -> Action {
        switch state {
        case .open:
            state = .closing
            return .sendClose
        case .idle, .connecting:
            state = .closed
            return .end(nil)
        case .closing, .closed: return .none
        }
    }

    /// Ends a close whose time limit has passed.
    mutating func closeTimedOut() -> Action {
        guard state == .closing else { return .none }
        state = .closed
        return .end(nil)
    }

    /// Ends the connection because the socket failed, or the peer was silent or violated the protocol.
    mutating func failed(_ error: AMQPError) -> Action {
        switch state {
        case .idle, .closed: return .none
        case .closing:
            state = .closed
            return .end(nil)
        case .connecting, .open:
            state = .closed
            return .end(error)
        }
    }

    /// Handles a method on channel zero.
    mutating func received(_ method: IncomingMethod) -> Action {
        switch (state, method) {
        case (.open, .connectionBlocked(let reason)):
            state = .open(blocked: reason)
            return .blocked(reason: reason)
        case (.open(let reason), .connectionUnblocked):
            state = .open(blocked: nil)
            return reason == nil ? .none : .unblocked
        case (.open, .connectionClose(let code, let text)):
            state = .closed
            return .answerCloseAndEnd(.connectionClosed(byBroker: code, text: text))
        case (.closing, .connectionClose): return .answerClose
        case (.closing, .connectionCloseOk):
            state = .closed
            return .end(nil)
        case (.closing, .connectionBlocked), (.closing, .connectionUnblocked), (.closed, _): return .none
        default: return failed(.protocolViolation("A method arrived on channel zero that does not belong there."))
        }
    }
}
