/// Cuts a connection after a number of further bytes.
struct ProxyCut: Sendable {
    /// The number of the request that set it.
    var id = 0
    let direction: FaultProxy.Directions
    var remaining: Int
}

/// The state that the proxy's owner requests, and the reports of its thread.
struct ProxyState: Sendable {
    var mode = FaultProxy.Mode.pass
    var cut: ProxyCut?
    var resetsRequested = 0
    var stopRequested = false
    /// Counts the requests; the thread has applied those up to `applied`.
    var wished = 0
    var applied = 0
    var isStopped = false
    var statistics = FaultProxy.Statistics()
}

/// Connects a proxy's owner with its thread: a state behind a lock, and a descriptor that wakes the thread.
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

    /// Changes the requested state and waits until the thread has applied it.
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
