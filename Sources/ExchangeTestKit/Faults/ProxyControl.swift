/// A connection is cut after so many more bytes.
struct ProxyCut: Sendable {
    /// The wish that it came with.
    var id = 0
    let direction: FaultProxy.Directions
    var remaining: Int
}

/// What the proxy's owner wants, and what its thread reports back.
struct ProxyState: Sendable {
    var mode = FaultProxy.Mode.pass
    var cut: ProxyCut?
    var resetsRequested = 0
    var stopRequested = false
    /// Counts the wishes; the thread has heeded those up to `applied`.
    var wished = 0
    var applied = 0
    var isStopped = false
    var statistics = FaultProxy.Statistics()
}

/// Between a proxy's owner and its thread: a state behind a lock, and a descriptor that wakes the thread.
final class ProxyControl: Sendable {
    let state = Monitor(ProxyState())
    /// The thread polls this one.
    let wakeDescriptor: Int32
    private let signalDescriptor: Int32

    init() throws {
        (wakeDescriptor, signalDescriptor) = try LoopbackTCP.wakePair()
    }

    deinit {
        LoopbackTCP.close(wakeDescriptor)
        LoopbackTCP.close(signalDescriptor)
    }

    /// Changes what is wanted and waits until the thread has heeded it.
    func apply(_ change: @Sendable (inout ProxyState) -> Void) async throws {
        let wish = state.update { state in
            change(&state)
            state.wished += 1
            if state.cut?.id == 0 { state.cut?.id = state.wished }
            return state.wished
        }
        LoopbackTCP.wake(signalDescriptor)
        try await state.wait(for: "the proxy's thread", timeout: .seconds(10)) { $0.applied >= wish ? true : nil }
    }

    func requestStop() {
        state.update { $0.stopRequested = true }
        LoopbackTCP.wake(signalDescriptor)
    }
}
