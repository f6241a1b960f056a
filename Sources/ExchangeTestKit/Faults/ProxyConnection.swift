internal import Foundation

/// A client's connection, with its connection to the target.
struct ProxyConnection {
    private let client: Int32
    private let target: Int32
    private var toTarget: ProxyStream
    private var toClient: ProxyStream

    init(client: Int32, target: Int32) {
        self.client = client
        self.target = target
        toTarget = ProxyStream(.toTarget, from: client, to: target)
        toClient = ProxyStream(.toClient, from: target, to: client)
    }

    /// The time when held bytes are due next.
    var nextDue: ContinuousClock.Instant? {
        [toTarget.nextDue, toClient.nextDue].compactMap { $0 }.min()
    }

    /// Returns the poll entries: first the client, then the target. -1 keeps a hidden broken socket from waking us
    /// forever.
    func interests(_ mode: FaultProxy.Mode, _ now: ContinuousClock.Instant) -> [pollfd] {
        [
            interest(client, toTarget.wantsToRead(mode), toClient.wantsToWrite(mode, now)),
            interest(target, toClient.wantsToRead(mode), toTarget.wantsToWrite(mode, now)),
        ]
    }

    /// Moves bytes.
    ///
    /// - Returns: `false` when the connection has ended and its sockets are closed.
    mutating func serve(
        _ mode: FaultProxy.Mode,
        client clientEvents: Int16,
        target targetEvents: Int16,
        _ cut: inout ProxyCut?,
        _ total: inout FaultProxy.Statistics
    ) -> Bool {
        let now = ContinuousClock.now
        if clientEvents != 0, toTarget.wantsToRead(mode) { toTarget.read(mode, now, &total) }
        if targetEvents != 0, toClient.wantsToRead(mode) { toClient.read(mode, now, &total) }
        if toTarget.write(mode, now, &cut, &total) { return cutHere(sender: client, receiver: target) }
        if toClient.write(mode, now, &cut, &total) { return cutHere(sender: target, receiver: client) }
        if toTarget.isBroken || toClient.isBroken, !mode.hidesFailures {
            reset()
            return false
        }
        if toTarget.sinkEnded, toClient.sinkEnded {
            LoopbackTCP.close(client)
            LoopbackTCP.close(target)
            return false
        }
        return true
    }

    /// Breaks both sides with RST.
    func reset() {
        LoopbackTCP.reset(client)
        LoopbackTCP.reset(target)
    }

    private func cutHere(sender: Int32, receiver: Int32) -> Bool {
        LoopbackTCP.reset(sender)
        // An orderly end, so that the bytes before the cut arrive.
        LoopbackTCP.close(receiver)
        return false
    }

    private func interest(_ descriptor: Int32, _ reads: Bool, _ writes: Bool) -> pollfd {
        let events = Int16(reads ? POLLIN : 0) | Int16(writes ? POLLOUT : 0)
        return pollfd(fd: events == 0 ? -1 : descriptor, events: events, revents: 0)
    }
}
