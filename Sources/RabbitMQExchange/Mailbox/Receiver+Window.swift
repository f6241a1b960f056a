internal import AMQP
internal import AgentExchange
internal import Synchronization

/// The limit in bytes of what is received: the *receive window* of the session.
extension Receiver {
    /// Lets in the deliveries that there is room for, and postpones the others.
    func admit(_ deliveries: [Delivery], _ state: inout State) -> [Delivery] {
        // All of them are counted already.
        var uncounted = deliveries.reduce(0) { $0 + $1.body.count }
        var admitted: [Delivery] = []
        for delivery in deliveries {
            let size = delivery.body.count
            uncounted -= size
            if let delivery = letIn(delivery, except: uncounted, &state) {
                admitted.append(delivery)
                continue
            }
            uncounted += size
            state.postponed.postpone(.init(delivery, key: RequestKey(delivery.properties), now: .now))
            if !state.isAsking {
                state.isAsking = true
                transport.session.background.start { await self.askAgain() }
            }
        }
        return admitted
    }

    /// Returns the delivery, if it may come in.
    ///
    /// - Parameter uncounted: Bytes that are counted and will not be held.
    private func letIn(_ delivery: Delivery, except uncounted: Int, _ state: inout State) -> Delivery? {
        guard isRequest(delivery) else { return delivery }
        let key = RequestKey(delivery.properties)
        if let entry = state.postponed.arrived(key) { return welcome(delivery, back: entry, &state) }
        // Another copy of one that is held takes its place.
        if let key, transport.held.withLock({ $0.knows(key) }) { return delivery }
        guard mayComeAgain(delivery) else { return delivery }
        if delivery.body.count <= smallSize {
            let source = delivery.properties.headers[Header.source]?.stringValue ?? ""
            if !state.postponed.hasRequests(from: source) { return delivery }
        }
        guard state.postponed.isEmpty else { return nil }
        let (size, link) = (delivery.body.count, transport.link)
        let fits = link.received.count - uncounted <= window
        return fits || account.count - uncounted - size <= window / 16 ? delivery : nil
    }

    /// Whether the broker hands it out once more when it is given back; else it would be given up.
    private func mayComeAgain(_ delivery: Delivery) -> Bool {
        let count = delivery.properties.headers[Header.deliveryCount]?.integerValue ?? 0
        return transport.notes != nil || count < transport.link.configuration.redeliveryLimit
    }

    /// Whether it is neither a response nor for the transport itself.
    private func isRequest(_ delivery: Delivery) -> Bool {
        guard let type = delivery.properties.type else { return true }
        return !MessageKind(rawValue: type).isResponse && ControlMessage.Kind(rawValue: type) == nil
    }

    /// A request that was given back for want of room came again. That was no attempt.
    private func welcome(_ delivery: Delivery, back entry: PostponedRequests.Entry, _ state: inout State) -> Delivery {
        account.release(entry.bytes)
        state.asking.send(())
        var delivery = delivery
        if transport.notes != nil {
            delivery.redelivered = entry.delivery.redelivered
        } else if let key = entry.key {
            let count = delivery.properties.headers[Header.deliveryCount]?.integerValue ?? 0
            if count > entry.deliveryCount { transport.held.withLock { $0.noteReturn(of: key) } }
        }
        return delivery
    }

    /// Gives back what was postponed, in order, whenever there is room for it. Ends when nothing is postponed.
    private func askAgain() async {
        var asking = Signal<Void>()
        while true {
            let signal = asking
            state.withLock { $0.asking = signal }
            transport.link.received.atNextRelease { signal.send(()) }
            repeat {
                let again: [Delivery]? = state.withLock { state in
                    let again = takeWhatFits(&state)
                    guard again.isEmpty, state.postponed.isEmpty || Task.isCancelled else { return again }
                    state.isAsking = false
                    return nil
                }
                guard let again else { return }
                for delivery in again { delivery.reject(requeue: true) }
                // Not for ever: what is expected may not come, and what is held for long has to be given back.
                _ = await signal.wait(until: .now + transport.link.patience)
            } while signal.current == nil
            asking = Signal<Void>()
        }
    }

    private func takeWhatFits(_ state: inout State) -> [Delivery] {
        let configuration = transport.link.configuration
        let patience = configuration.operationTimeout
        account.release(state.postponed.giveUpExpecting(patience: patience))
        guard !state.isStopped, let first = state.postponed.first else { return [] }
        var again: [Delivery] = []
        if let timeout = configuration.acknowledgementTimeout, first.since <= .now - timeout / 2 {
            // All of them, so that they come again in order, and are postponed again.
            let waiting = takePostponed(&state).waiting
            noteReturn(of: waiting)
            return waiting.map(\.delivery)
        }
        while let next = state.postponed.first {
            let fits = transport.link.received.count + next.bytes <= window
            guard fits || account.count <= window / 16,
                let (entry, isExpected) = state.postponed.takeFirst(patience: patience)
            else { break }
            // It has its room until it comes.
            if isExpected { account.take(entry.bytes) }
            again.append(entry.delivery)
        }
        return again
    }

    /// Takes out what is postponed, and what was given back and has not come.
    func takePostponed(
        _ state: inout State
    ) -> (waiting: [PostponedRequests.Entry], expected: [PostponedRequests.Entry]) {
        let all = state.postponed.takeAll()
        account.release(all.expected.reduce(0) { $0 + $1.bytes })
        return all
    }

    /// Requests that nobody was given come again: that is no attempt.
    func noteReturn(of entries: [PostponedRequests.Entry]) {
        transport.held.withLock { held in
            for entry in entries where transport.notes == nil || !entry.delivery.redelivered {
                if let key = entry.key { held.noteReturn(of: key) }
            }
        }
    }

    private var window: Int { transport.link.configuration.receiveWindowBytes }

    /// A request of this size may come in without room for it, also before those of other sources that have to wait: all
    /// that the prefetch lets through take a sixteenth of the window.
    private var smallSize: Int { min(4096, window / 16 / transport.prefetch) }
}
