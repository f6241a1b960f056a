internal import AgentExchange
internal import Foundation
internal import Primitives
internal import Synchronization

/// A mailbox with its lock and its clock. It carries out the actions of its state machine.
///
/// A message goes directly to a waiting task. Continuations are resumed outside of the lock.
final class Mailbox: Sendable {
    typealias Reception = Result<MailboxDelivery, MailboxRefusal>
    typealias Machine = MailboxStateMachine<Waiter>

    /// A waiting receiver of messages.
    enum Waiter: Sendable {
        /// A task that waits for one message.
        case task(CheckedContinuation<Reception, Never>)
        /// Functions that take everything.
        case function(MailboxTaker)

        func resume(returning result: Reception, number: Int) {
            switch (self, result) {
            case (.task(let continuation), _): continuation.resume(returning: result)
            case (.function(let taker), .success(let delivery)): taker.take(delivery, number: number)
            case (.function(let taker), .failure(let refusal)): taker.end.resume(returning: refusal)
            }
        }
    }

    /// The state that the timer shares.
    final class Box: Sendable {
        let machine: Mutex<Machine>
        let answer: @Sendable (Response) -> Void

        init(_ machine: consuming sending Machine, answer: @escaping @Sendable (Response) -> Void) {
            self.machine = Mutex(machine)
            self.answer = answer
        }

        func tick() -> ContinuousClock.Instant? {
            let actions = machine.withLock { $0.tick(at: .now) }
            perform(actions)
            return actions.alarm
        }

        func perform(_ actions: Machine.Actions) {
            for (waiter, result, number) in actions.wakes { waiter.resume(returning: result, number: number) }
            for response in actions.answers { answer(response) }
        }
    }

    /// The owner of the mailbox.
    let id: EntityID

    let box: Box
    private let sharing: MailboxSharing
    private let timer: DeadlineTimer
    private let receptions = Atomic(0)

    /// Makes an empty mailbox; see ``MailboxStateMachine/init(prefetch:maximumLength:sharing:)``. `answer` delivers the mailbox's own
    /// answers.
    init(
        id: EntityID,
        sharing: MailboxSharing,
        prefetch: Int,
        maximumLength: Int?,
        answer: @escaping @Sendable (Response) -> Void
    ) {
        self.id = id
        self.sharing = sharing
        let machine = Machine(prefetch: prefetch, maximumLength: maximumLength, sharing: sharing)
        let box = Box(machine, answer: answer)
        self.box = box
        timer = DeadlineTimer { box.tick() }
    }

    deinit {
        timer.stop()
    }

    func perform(_ actions: Machine.Actions) {
        if let alarm = actions.alarm { timer.arm(alarm) }
        box.perform(actions)
    }
}

// MARK: - Sending to it

extension Mailbox {
    func deliver(_ request: Request) throws(ExchangeError) {
        // The wall clock is read once; after that the remaining time counts.
        let deadline = request.deadline.map { ContinuousClock.Instant.at($0) }
        let time = request.notBefore.map { ContinuousClock.Instant.at($0) }
        let now = ContinuousClock.now
        do throws(MailboxRefusal) {
            perform(
                try box.machine.withLock { machine throws(MailboxRefusal) in
                    try machine.accept(request, deadline: deadline, notBefore: time, now: now)
                }
            )
        } catch {
            throw refusal(error)
        }
    }

    func deliver(_ response: Response, isAnswer: Bool) throws(ExchangeError) {
        do throws(MailboxRefusal) {
            perform(
                try box.machine.withLock { machine throws(MailboxRefusal) in
                    try machine.accept(response, isAnswer: isAnswer)
                }
            )
        } catch {
            throw refusal(error)
        }
    }

    /// Delivers a notice to the attached receiver.
    func deliver(_ notice: Notice) {
        perform(box.machine.withLock { $0.accept(notice) })
    }

    /// Answers every request in the mailbox, and refuses all further messages.
    func terminate() {
        timer.stop()
        perform(box.machine.withLock { $0.terminate() })
    }

    var details: MailboxDetails {
        box.machine.withLock { machine in
            MailboxDetails(
                status: machine.isTerminated ? .terminated : .active,
                queuedMessages: machine.queuedMessages,
                attachedConsumers: machine.attached
            )
        }
    }
}

// MARK: - Its receiver

extension Mailbox {
    /// Attaches the caller as receiver or standby.
    func attach(_ mode: AttachMode, limit: Int?) throws(ExchangeError) -> Machine.Receiver {
        do throws(MailboxRefusal) {
            return try box.machine.withLock { machine throws(MailboxRefusal) in
                try machine.attach(mode, limit: limit)
            }
        } catch {
            if error == .terminated { throw ExchangeError(.badEntityID, "the agent was terminated", entity: id) }
            throw ExchangeError(.mailboxInUse, "another transport is open on this mailbox", entity: id)
        }
    }

    /// Records that a member of a group sends a request, so that the answers reach this member.
    func asks(_ tag: UUID, _ receiver: Machine.Receiver) {
        if sharing == .group { box.machine.withLock { $0.asks(tag, by: receiver) } }
    }

    /// Puts the receiver's held requests back, and lets the next receiver take over.
    func detach(_ receiver: Machine.Receiver) {
        perform(box.machine.withLock { $0.detach(receiver, now: .now) })
    }

    /// Records that the receiver sends a response. Returns the response's meaning for this mailbox.
    func settle(
        _ tag: UUID,
        of requester: EntityID,
        by receiver: Machine.Receiver
    ) throws(ExchangeError) -> Machine.Settlement {
        do throws(MailboxRefusal) {
            let (settlement, actions) = try box.machine.withLock { machine throws(MailboxRefusal) in
                try machine.settle(tag, of: requester, by: receiver, now: .now)
            }
            perform(actions)
            return settlement
        } catch {
            throw refusal(error)
        }
    }

    /// Puts a request that the receiver holds back until a time.
    func delay(_ request: Request, by receiver: Machine.Receiver, until time: Date) throws(ExchangeError) {
        let (next, instant) = (request.with(notBefore: time), ContinuousClock.Instant.at(time))
        do throws(MailboxRefusal) {
            perform(
                try box.machine.withLock { machine throws(MailboxRefusal) in
                    try machine.delay(next, by: receiver, until: instant, now: .now)
                }
            )
        } catch {
            throw refusal(error)
        }
    }

    /// Keeps the first request of a series, in place of that of an earlier one with the same name.
    func beginSeries(_ request: Request) throws(ExchangeError) {
        if let series = request.seriesID { endSeries(series) }
        try deliver(request)
    }

    /// Drops the request of a series that waits for its time.
    func endSeries(_ series: UUID) {
        box.machine.withLock { $0.endSeries(series) }
    }

    /// Checks that the receiver may send a part of the answer to a request.
    func checkHeld(_ tag: UUID, of requester: EntityID, by receiver: Machine.Receiver) throws(ExchangeError) {
        do throws(MailboxRefusal) {
            try box.machine.withLock { machine throws(MailboxRefusal) in
                try machine.checkHeld(tag, of: requester, by: receiver)
            }
        } catch {
            throw refusal(error)
        }
    }

    /// Waits for the next message.
    func receive(by receiver: Machine.Receiver, timeout: Duration?) async throws(ExchangeError) -> Message {
        if Task.isCancelled { throw receptionError(.cancelled) }
        let now = ContinuousClock.now
        do throws(MailboxRefusal) {
            let (delivery, actions) = try box.machine.withLock { machine throws(MailboxRefusal) in
                try machine.receive(by: receiver, now: now)
            }
            perform(actions)
            if case .message(let message) = delivery { return message }
            if let timeout, timeout <= .zero { throw MailboxRefusal.timedOut }
            // Only a standing waiter is given events.
            while true {
                let delivery = try await wait(by: receiver, until: timeout.map { now + $0.bounded }).get()
                if case .message(let message) = delivery { return message }
            }
        } catch {
            throw receptionError(error)
        }
    }

    private func wait(
        by receiver: Machine.Receiver,
        until deadline: ContinuousClock.Instant?
    ) async -> Reception {
        let number = receptions.add(1, ordering: .relaxed).newValue
        return await withWaiter { continuation in
            enter(continuation, number, receiver, deadline)
        } onCancel: {
            cancel(number)
        }
    }

    /// Returns a message that has arrived meanwhile, or leaves the continuation waiting.
    private func enter(
        _ continuation: CheckedContinuation<Reception, Never>,
        _ number: Int,
        _ receiver: Machine.Receiver,
        _ deadline: ContinuousClock.Instant?
    ) -> Reception? {
        do throws(MailboxRefusal) {
            let (delivery, actions) = try box.machine.withLock { machine throws(MailboxRefusal) in
                let received = try machine.receive(by: receiver, now: .now)
                if received.delivery == nil {
                    machine.wait(.task(continuation), by: receiver, number: number, deadline: deadline)
                }
                return received
            }
            perform(actions)
            if let delivery { return .success(delivery) }
            if let deadline { timer.arm(deadline) }
            if Task.isCancelled { cancel(number) }
            return nil
        } catch {
            return .failure(error)
        }
    }

    /// Passes every message to the function on its sender's thread until the end. Returns the reason of the end.
    ///
    /// - Parameter events: Takes the events of a slot; without it they wait.
    func push(
        by receiver: Machine.Receiver,
        to take: @escaping @Sendable (Message) -> Void,
        events: (@Sendable (EventDelivery) -> Void)? = nil
    ) async -> ExchangeError {
        let number = receptions.add(1, ordering: .relaxed).newValue
        let refusal = await withWaiter { continuation in
            begin(MailboxTaker(take, events: events, end: continuation), number, receiver)
            return nil
        } onCancel: {
            cancel(number)
        }
        return receptionError(refusal)
    }

    /// Passes the waiting messages to the function, and later ones as they arrive.
    private func begin(_ taker: MailboxTaker, _ number: Int, _ receiver: Machine.Receiver) {
        do throws(MailboxRefusal) {
            while true {
                let (delivery, actions) = try box.machine.withLock { machine throws(MailboxRefusal) in
                    let received = try machine.receive(by: receiver, now: .now, takesEvents: taker.takesEvents)
                    if received.delivery == nil {
                        machine.wait(
                            .function(taker),
                            by: receiver,
                            number: number,
                            deadline: nil,
                            isStanding: true,
                            takesEvents: taker.takesEvents
                        )
                    }
                    return received
                }
                perform(actions)
                guard let delivery else { break }
                taker.pass(delivery)
            }
            // The cancellation handler ran before the wait was registered.
            if Task.isCancelled { cancel(number) }
        } catch {
            taker.end.resume(returning: error)
        }
    }

    private func cancel(_ number: Int) {
        perform(box.machine.withLock { $0.cancel(number) })
    }
}

// MARK: - Errors

extension Mailbox {
    /// The error for the sender of a message to a terminated mailbox.
    static func terminated(_ id: EntityID) -> ExchangeError {
        ExchangeError(.mailboxTerminated, "the mailbox was terminated", entity: id, delivery: .refused)
    }

    /// Returns the error for a sender.
    func refusal(_ refusal: MailboxRefusal) -> ExchangeError {
        switch refusal {
        case .terminated: Self.terminated(id)
        case .full: ExchangeError(.mailboxFull, "the mailbox is full", entity: id, delivery: .refused)
        default: receptionError(refusal)
        }
    }

    /// Returns the error for a receiver.
    private func receptionError(_ refusal: MailboxRefusal) -> ExchangeError {
        switch refusal {
        case .inUse: ExchangeError(.mailboxInUse, "another task receives from this transport", entity: id)
        case .notHeld:
            ExchangeError(.invalidMessage, "the request is not held here, or was answered", entity: id)
        case .closed: ExchangeError(.closed, "the transport is closed", entity: id)
        case .terminated: ExchangeError(.mailboxTerminated, "the mailbox was terminated", entity: id)
        case .full: ExchangeError(.mailboxFull, "the mailbox is full", entity: id)
        case .timedOut: ExchangeError(.deadlineExceeded, "no message came in time", entity: id)
        case .cancelled: ExchangeError(.cancelled, "the receiving task was cancelled", entity: id)
        }
    }
}
