internal import AgentExchange
internal import Foundation
internal import Synchronization

/// A mailbox with its lock and its clock: carries out what its state machine says.
///
/// A message goes straight to a task that waits for it; continuations are resumed outside the lock.
final class Mailbox: Sendable {
    typealias Reception = Result<Message, MailboxRefusal>
    typealias Machine = MailboxStateMachine<Waiter>

    /// Who waits for messages.
    enum Waiter: Sendable {
        /// A task, for one message.
        case task(CheckedContinuation<Reception, Never>)
        /// A function, for all of them.
        case function(Taker)

        func resume(returning result: Reception) {
            switch (self, result) {
            case (.task(let continuation), _): continuation.resume(returning: result)
            case (.function(let taker), .success(let message)): taker.take(message)
            case (.function(let taker), .failure(let refusal)): taker.end.resume(returning: refusal)
            }
        }
    }

    /// A function that takes all messages, and a task that waits for the end.
    final class Taker: Sendable {
        let take: @Sendable (Message) -> Void
        let end: CheckedContinuation<MailboxRefusal, Never>

        init(_ take: @escaping @Sendable (Message) -> Void, end: CheckedContinuation<MailboxRefusal, Never>) {
            self.take = take
            self.end = end
        }
    }

    /// What the timer needs too.
    private final class Box: Sendable {
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
            for (waiter, result) in actions.wakes { waiter.resume(returning: result) }
            for response in actions.answers { answer(response) }
        }
    }

    /// Whose mailbox it is.
    let id: EntityID

    private let box: Box
    private let timer: DeadlineTimer
    private let receptions = Atomic(0)

    /// Makes an empty mailbox. `answer` delivers the answers that the mailbox itself gives.
    init(
        id: EntityID,
        configuration: InProcessExchange.Configuration,
        answer: @escaping @Sendable (Response) -> Void
    ) {
        self.id = id
        let machine = Machine(prefetch: configuration.prefetch, maximumLength: configuration.maximumMailboxLength)
        let box = Box(machine, answer: answer)
        self.box = box
        timer = DeadlineTimer { box.tick() }
    }

    deinit {
        timer.stop()
    }

    private func perform(_ actions: Machine.Actions) {
        if let alarm = actions.alarm { timer.arm(alarm) }
        box.perform(actions)
    }
}

// MARK: - Sending to it

extension Mailbox {
    func deliver(_ request: Request) throws(ExchangeError) {
        // The wall clock is read once: what counts afterwards is the time that was left.
        let now = ContinuousClock.now
        let deadline = request.deadline.map { now + Duration(until: $0) }
        do throws(MailboxRefusal) {
            perform(
                try box.machine.withLock { machine throws(MailboxRefusal) in
                    try machine.accept(request, deadline: deadline, now: now)
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

    /// Gives a notice to whoever is attached.
    func deliver(_ notice: Notice) {
        perform(box.machine.withLock { $0.accept(notice) })
    }

    /// Answers everything that is in it, and takes nothing any more.
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
    /// Makes the caller its receiver, or has it stand by.
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

    /// Puts back what the receiver holds, and lets the next one take over.
    func detach(_ receiver: Machine.Receiver) {
        perform(box.machine.withLock { $0.detach(receiver, now: .now) })
    }

    /// The receiver sends a response. Returns what the response is to this mailbox.
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
            let (message, actions) = try box.machine.withLock { machine throws(MailboxRefusal) in
                try machine.receive(by: receiver, now: now)
            }
            perform(actions)
            if let message { return message }
            if let timeout, timeout <= .zero { throw MailboxRefusal.timedOut }
            return try await wait(by: receiver, until: timeout.map { now + $0.bounded }).get()
        } catch {
            throw receptionError(error)
        }
    }

    private func wait(
        by receiver: Machine.Receiver,
        until deadline: ContinuousClock.Instant?
    ) async -> Reception {
        let number = receptions.add(1, ordering: .relaxed).newValue
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                enter(continuation, number, receiver, deadline)
            }
        } onCancel: {
            cancel(number)
        }
    }

    /// Resumes the continuation with what has come meanwhile, or leaves it to wait.
    private func enter(
        _ continuation: CheckedContinuation<Reception, Never>,
        _ number: Int,
        _ receiver: Machine.Receiver,
        _ deadline: ContinuousClock.Instant?
    ) {
        do throws(MailboxRefusal) {
            let (message, actions) = try box.machine.withLock { machine throws(MailboxRefusal) in
                let received = try machine.receive(by: receiver, now: .now)
                if received.message == nil {
                    machine.wait(.task(continuation), by: receiver, number: number, deadline: deadline)
                }
                return received
            }
            perform(actions)
            if let message {
                continuation.resume(returning: .success(message))
            } else {
                if let deadline { timer.arm(deadline) }
                // The handler ran before there was anything to cancel.
                if Task.isCancelled { cancel(number) }
            }
        } catch {
            continuation.resume(returning: .failure(error))
        }
    }

    /// Hands every message to the function, on the thread of whoever sends it, until the end. Returns that.
    func push(by receiver: Machine.Receiver, to take: @escaping @Sendable (Message) -> Void) async -> ExchangeError {
        let number = receptions.add(1, ordering: .relaxed).newValue
        let refusal = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                begin(take, continuation, number, receiver)
            }
        } onCancel: {
            cancel(number)
        }
        return receptionError(refusal)
    }

    /// Hands over what is there, and has everything else handed over as it comes.
    private func begin(
        _ take: @escaping @Sendable (Message) -> Void,
        _ end: CheckedContinuation<MailboxRefusal, Never>,
        _ number: Int,
        _ receiver: Machine.Receiver
    ) {
        let waiter = Waiter.function(Taker(take, end: end))
        do throws(MailboxRefusal) {
            while true {
                let (message, actions) = try box.machine.withLock { machine throws(MailboxRefusal) in
                    let received = try machine.receive(by: receiver, now: .now)
                    if received.message == nil {
                        machine.wait(waiter, by: receiver, number: number, deadline: nil, isStanding: true)
                    }
                    return received
                }
                perform(actions)
                guard let message else { break }
                take(message)
            }
            // The handler ran before there was anything to cancel.
            if Task.isCancelled { cancel(number) }
        } catch {
            end.resume(returning: error)
        }
    }

    private func cancel(_ number: Int) {
        perform(box.machine.withLock { $0.cancel(number) })
    }
}

// MARK: - Errors

extension Mailbox {
    /// What a sender gets whose message was not accepted because the mailbox was terminated.
    static func terminated(_ id: EntityID) -> ExchangeError {
        ExchangeError(.mailboxTerminated, "the mailbox was terminated", entity: id, delivery: .refused)
    }

    /// What a sender gets.
    private func refusal(_ refusal: MailboxRefusal) -> ExchangeError {
        switch refusal {
        case .terminated: Self.terminated(id)
        case .full: ExchangeError(.mailboxFull, "the mailbox is full", entity: id, delivery: .refused)
        default: receptionError(refusal)
        }
    }

    /// What a receiver gets.
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
