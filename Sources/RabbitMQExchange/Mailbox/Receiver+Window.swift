internal import AMQP
internal import AgentExchange
internal import Primitives
internal import Synchronization

/// The *receive window* of the session: a limit for the bytes of received requests.
extension Receiver {
    /// Returns the deliveries that fit the window, and postpones the others.
    func admit(_ deliveries: [Delivery], _ state: inout State) -> [Delivery] {
        // The bytes of all deliveries are counted already.
        var uncounted = deliveries.reduce(0) { $0 + $1.body.count }
        var admitted: [Delivery] = []
        for delivery in deliveries {
            let size = delivery.body.count
            uncounted -= size
            if delivery.properties.type == ControlMessage.Kind.marker.rawValue, !state.postponed.isEmpty {
                // It says that everything before it was taken.
                delivery.acknowledge()
                continue
            }
            if let delivery = letIn(delivery, except: uncounted, &state) {
                admitted.append(delivery)
                continue
            }
            uncounted += size
            state.postponed.postpone(.init(delivery, key: RequestKey(delivery.properties), now: .now))
            if !state.isAsking {
                state.isAsking = true
                intake.session.background.start { await self.askAgain() }
            }
        }
        return admitted
    }

    /// Returns the delivery, or `nil` when it has to be postponed.
    ///
    /// - Parameter uncounted: Bytes that are counted but will not be held.
    private func letIn(_ delivery: Delivery, except uncounted: Int, _ state: inout State) -> Delivery? {
        guard isRequest(delivery) else { return delivery }
        let key = RequestKey(delivery.properties)
        if let entry = state.postponed.arrived(key) { return welcome(delivery, back: entry, &state) }
        // Another copy of a held request replaces it.
        if let key, contents.held.withLock({ $0.knows(key) }) { return delivery }
        guard mayComeAgain(delivery) else { return delivery }
        if delivery.body.count <= smallSize {
            let source = delivery.properties.headers[Header.source]?.stringValue ?? ""
            if !state.postponed.hasRequests(from: source) { return delivery }
        }
        guard state.postponed.isEmpty else { return nil }
        let (size, link) = (delivery.body.count, intake.link)
        let fits = link.received.count - uncounted <= window
        return fits || account.count - uncounted - size <= window / 16 ? delivery : nil
    }

    /// Returns whether the broker would deliver the request again after a return, rather than give it up.
    private func mayComeAgain(_ delivery: Delivery) -> Bool {
        let count = delivery.properties.headers[Header.deliveryCount]?.integerValue ?? 0
        return intake.notes != nil || count < intake.link.configuration.redeliveryLimit
    }

    /// Returns whether the message is neither a response nor a control message.
    private func isRequest(_ delivery: Delivery) -> Bool {
        guard let type = delivery.properties.type else { return true }
        return !MessageKind(rawValue: type).isResponse && ControlMessage.Kind(rawValue: type) == nil
    }

    /// Lets in a request that was returned for want of room. Its return was no attempt.
    private func welcome(_ delivery: Delivery, back entry: PostponedRequests.Entry, _ state: inout State) -> Delivery {
        account.release(entry.bytes)
        state.asking.set()
        var delivery = delivery
        if intake.notes != nil {
            delivery.redelivered = entry.delivery.redelivered
        } else if let key = entry.key {
            let count = delivery.properties.headers[Header.deliveryCount]?.integerValue ?? 0
            if count > entry.deliveryCount { contents.held.withLock { $0.noteReturn(of: key) } }
        }
        return delivery
    }

    /// Returns postponed requests to the broker, in order, whenever there is room. Ends when none is postponed.
    private func askAgain() async {
        var asking = OneShot<Void>()
        while true {
            let signal = asking
            state.withLock { $0.asking = signal }
            intake.link.received.atNextRelease { signal.set() }
            repeat {
                let again: [Delivery]? = state.withLock { state in
                    let again = takeWhatFits(&state)
                    guard again.isEmpty, state.postponed.isEmpty || Task.isCancelled else { return again }
                    state.isAsking = false
                    return nil
                }
                guard let again else { return }
                for delivery in again { delivery.reject(requeue: true) }
                // Limited: an expected request may never come, and one held for long has to be returned.
                _ = await signal.wait(until: .now + intake.link.patience)
            } while signal.value == nil
            asking = OneShot<Void>()
        }
    }

    private func takeWhatFits(_ state: inout State) -> [Delivery] {
        let configuration = intake.link.configuration
        let patience = configuration.operationTimeout
        account.release(state.postponed.giveUpExpecting(patience: patience))
        guard !state.isStopped, let first = state.postponed.first else { return [] }
        var again: [Delivery] = []
        if let timeout = configuration.acknowledgementTimeout, first.since <= .now - timeout / 2 {
            // Returns all of them, so that they arrive in order and are postponed again.
            let waiting = takePostponed(&state).waiting
            noteReturn(of: waiting)
            return waiting.map(\.delivery)
        }
        while let next = state.postponed.first {
            let fits = intake.link.received.count + next.bytes <= window
            guard fits || account.count <= window / 16,
                let (entry, isExpected) = state.postponed.takeFirst(patience: patience)
            else { break }
            // Reserves its room until it arrives.
            if isExpected { account.take(entry.bytes) }
            again.append(entry.delivery)
        }
        return again
    }

    /// Removes the postponed and the expected requests.
    func takePostponed(
        _ state: inout State
    ) -> (waiting: [PostponedRequests.Entry], expected: [PostponedRequests.Entry]) {
        let all = state.postponed.takeAll()
        account.release(all.expected.reduce(0) { $0 + $1.bytes })
        return all
    }

    /// Records that requests which no handler received will be delivered again, which is no attempt.
    func noteReturn(of entries: [PostponedRequests.Entry]) {
        contents.held.withLock { held in
            for entry in entries where intake.notes == nil || !entry.delivery.redelivered {
                if let key = entry.key { held.noteReturn(of: key) }
            }
        }
    }

    private var window: Int { intake.link.configuration.receiveWindowBytes }

    /// The size of a request that is let in without room, also ahead of waiting requests of other sources. All requests
    /// that the prefetch admits take a sixteenth of the window.
    private var smallSize: Int { min(4096, window / 16 / contents.prefetch) }
}
