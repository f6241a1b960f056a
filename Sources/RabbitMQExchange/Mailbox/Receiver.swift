internal import AMQP
internal import AgentExchange
internal import DequeModule
internal import Primitives
internal import Synchronization

/// A consumer of a mailbox. It passes deliveries to the intake on the thread that receives them.
///
/// A delivery for which the broker must be asked first goes through a task, and so do those behind it, in order. Requests
/// beyond the receive window are postponed.
final class Receiver: DeliverySink {
    struct State {
        var waiting: Deque<Delivery> = []
        /// Whether a task takes the waiting deliveries. Before the start there is none.
        var isTakenLater = true
        var hasBegun = false
        /// Whether no more deliveries are taken.
        var isStopped = false
        var hasEnded = false
        var error: AMQPError?
        var isFinished = false
        var subscription: PushedConsumer?
        var postponed = PostponedRequests()
        /// Whether a task gives postponed requests back to the broker.
        var isAsking = false
        /// Wakes that task.
        var asking = OneShot<Void>()
    }

    /// The channel of the consumer.
    let place: MailboxChannel
    let attachment: MailboxAttachment
    /// The held bytes that came through this consumer.
    let account: ReceivedBytes
    let state = Mutex(State())
    /// Sent when no more deliveries are taken.
    private let stopped = OneShot<Void>()

    init(_ attachment: MailboxAttachment, on place: MailboxChannel) {
        self.attachment = attachment
        self.place = place
        account = ReceivedBytes(within: attachment.link.received)
    }

    var contents: MailboxContents { attachment.contents }
    var intake: DeliveryIntake { attachment.intake }

    var connection: Connection { place.channel.connection }

    /// Starts the consumer. Deliveries wait for ``begin()``.
    func start(_ declaration: ConsumerDeclaration, deadline: Deadline) async throws(AMQPError) {
        let subscription = try await place.channel.consume(
            declaration,
            into: self,
            keepingWithin: ReceiveWindow(account: account, bytes: .max),
            deadline: deadline
        )
        state.withLock { $0.subscription = subscription }
    }

    /// Starts to pass deliveries on.
    func begin() {
        state.withLock { $0.hasBegun = true }
        intake.session.background.start { await self.takeLater() }
    }

    /// Ends the consumer. Returns the deliveries that were not taken, the postponed ones without their bodies.
    func stop(_ deadline: Deadline) async -> [Delivery] {
        let subscription = state.withLock { state in
            state.isStopped = true
            if !state.hasBegun { state.isTakenLater = false }
            return state.subscription
        }
        try? await subscription?.cancel(deadline: deadline)
        _ = await stopped.wait(until: .now + deadline.remaining)
        return takeWaiting()
    }

    /// Removes and returns the deliveries that were not taken.
    func takeWaiting() -> [Delivery] {
        state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting + takePostponed(&state).waiting.map(\.delivery)
        }
    }

    // MARK: DeliverySink

    func received(_ deliveries: [Delivery]) {
        let hasRoom = intake.link.received.count <= intake.link.configuration.receiveWindowBytes
        let deliveries = state.withLock { state -> [Delivery] in
            let deliveries = hasRoom && state.postponed.isEmpty ? deliveries : admit(deliveries, &state)
            if state.isTakenLater || state.isStopped {
                state.waiting.append(contentsOf: deliveries)
                return []
            }
            return deliveries
        }
        guard let index = deliveries.firstIndex(where: { !intake.takeAtOnce($0) }) else { return }
        state.withLock { state in
            state.isTakenLater = true
            state.waiting.append(contentsOf: deliveries[index...])
        }
        intake.session.background.start { await self.takeLater() }
    }

    func ended(_ error: AMQPError?) {
        let isDone = state.withLock { state in
            state.hasEnded = true
            state.error = error
            return !state.isTakenLater
        }
        if isDone { finish() }
    }

    private func takeLater() async {
        while let delivery = next() { await intake.takeLater(delivery) }
        if state.withLock({ $0.hasEnded }) { finish() }
    }

    private func next() -> Delivery? {
        state.withLock { state in
            if !state.isStopped, let delivery = state.waiting.popFirst() { return delivery }
            state.isTakenLater = false
            return nil
        }
    }

    private func finish() {
        let (isFirst, error, postponed) = state.withLock { state -> (Bool, AMQPError?, [PostponedRequests.Entry]) in
            defer { state.isFinished = true }
            // After a cancel, stop(_:) takes the postponed requests.
            guard state.error != nil else { return (!state.isFinished, state.error, []) }
            let (waiting, expected) = takePostponed(&state)
            return (!state.isFinished, state.error, waiting + expected)
        }
        guard isFirst else { return }
        intake.unprove()
        noteReturn(of: postponed)
        contents.forgetUnread()
        stopped.set()
        // The broker ended only this consumer, not the connection: it is started again.
        guard let error, connection.isOpen else { return }
        intake.session.background.start { [self] in
            await place.leave(deadline: intake.link.deadline)
            await attachment.restart(on: connection, after: error)
        }
    }
}
