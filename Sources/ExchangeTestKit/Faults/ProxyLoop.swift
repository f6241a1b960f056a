internal import Foundation

/// The thread of a proxy: polls all sockets and moves bytes according to the current mode.
struct ProxyLoop {
    private let listener: Int32
    private let targetPort: Int
    private let control: ProxyControl
    private var connections: [ProxyConnection] = []
    private var total = FaultProxy.Statistics()
    private var isListening = true
    private var resetsDone = 0

    init(listener: Int32, targetPort: Int, control: ProxyControl) {
        self.listener = listener
        self.targetPort = targetPort
        self.control = control
    }

    consuming func run() {
        var wish = control.state.value
        while !wish.stopRequested {
            heed(wish)
            total.open = connections.count
            control.state.update { state in
                state.applied = wish.wished
                state.statistics = total
            }
            let events = wait(wish.mode)
            // A request that arrived during the wait is applied before any byte moves.
            wish = control.state.value
            if events.isEmpty || wish.stopRequested { continue }
            heed(wish)
            serve(wish, events)
        }
        resetAll()
        LoopbackTCP.close(listener)
        total.open = 0
        control.state.update { state in
            state.statistics = total
            state.isStopped = true
        }
    }

    private mutating func heed(_ wish: ProxyState) {
        // Every established connection counts as open, even if this thread has not accepted it yet.
        acceptNew(wish.mode)
        let shouldListen = wish.mode != .refuse
        if shouldListen != isListening {
            isListening = LoopbackTCP.setListening(listener, shouldListen)
        }
        if wish.mode == .reset || wish.resetsRequested != resetsDone {
            resetAll()
            resetsDone = wish.resetsRequested
        }
    }

    private mutating func resetAll() {
        for connection in connections { connection.reset() }
        connections = []
    }

    /// Sleeps until a socket is ready, bytes are due or a request arrived.
    private func wait(_ mode: FaultProxy.Mode) -> [pollfd] {
        let now = ContinuousClock.now
        var entries = [
            pollfd(fd: control.wakeDescriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: isListening ? listener : -1, events: Int16(POLLIN), revents: 0),
        ]
        for connection in connections { entries += connection.interests(mode, now) }
        let nextDue = mode == .stall ? nil : connections.compactMap(\.nextDue).filter { $0 > now }.min()
        let milliseconds = nextDue.map { due in
            Int32(min(60_000, (now.duration(to: due) / .milliseconds(1)).rounded(.up)))
        }
        _ = poll(&entries, nfds_t(entries.count), milliseconds ?? -1)
        if entries[0].revents != 0 { _ = LoopbackTCP.read(control.wakeDescriptor, limit: 4_096) }
        return entries
    }

    private mutating func acceptNew(_ mode: FaultProxy.Mode) {
        while isListening, let client = LoopbackTCP.accept(listener) {
            total.accepted += 1
            guard mode != .reset, let target = LoopbackTCP.connect(port: targetPort) else {
                LoopbackTCP.reset(client)
                continue
            }
            connections.append(ProxyConnection(client: client, target: target))
        }
    }

    private mutating func serve(_ wish: ProxyState, _ events: [pollfd]) {
        var cut = wish.cut
        var remaining: [ProxyConnection] = []
        for (index, var connection) in connections.enumerated() {
            // Connections accepted in this turn were not polled yet.
            let place = 2 + 2 * index
            let isPolled = place + 1 < events.count
            let goesOn = connection.serve(
                wish.mode,
                client: isPolled ? events[place].revents : 0,
                target: isPolled ? events[place + 1].revents : 0,
                &cut,
                &total
            )
            if goesOn { remaining.append(connection) }
        }
        connections = remaining
        if let asked = wish.cut {
            let left = cut
            control.state.update { state in
                if state.cut?.id == asked.id { state.cut = left }
            }
        }
    }
}
