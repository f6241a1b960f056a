internal import AMQP
internal import AgentExchange
internal import Synchronization

/// What the sessions that receive from a terminated mailbox, or stand by for it, say to one drain.
final class OwnerAnswers: Sendable {
    private let session: Session
    private let question: ControlMessage
    /// The owner answers what it holds, and takes no more.
    private let begun: Signal<ControlMessage.Kind>
    /// The owner holds nothing any more.
    private let released: Signal<ControlMessage.Kind>
    /// A session that stands by takes nothing.
    private let stoodBy: Signal<ControlMessage.Kind>
    private let lastAsked = Mutex<ContinuousClock.Instant?>(nil)
    private let isGivenUp = Atomic(false)

    /// How long an owner is waited for after it was asked: when its process is gone the broker takes back what it held.
    private static let patience = Duration.seconds(5)

    /// How long an owner may take to say that it has begun, once one that stands by has answered.
    private static let standbyPatience = Duration.seconds(1)

    /// How long an owner without a consumer may take to say that it has begun.
    private static let silencePatience = Duration.milliseconds(400)

    /// How often the consumers of the mailbox are counted.
    private static let lookInterval = Duration.milliseconds(100)

    init(of mailbox: EntityID, in session: Session) {
        self.session = session
        question = ControlMessage(.terminate, mailbox: mailbox, replyTo: session.link.replyTo)
        begun = session.desk.expect(question.id, .lettingGo)
        released = session.desk.expect(question.id, .released)
        stoodBy = session.desk.expect(question.id, .stoodBy)
    }

    /// Ends the waits.
    func forget() {
        session.desk.forget(question.id)
    }

    /// Tells the owner to let go. Returns whether the question reached the queue of a session.
    @discardableResult
    func ask() async -> Bool {
        guard let mailbox = question.mailbox else { return false }
        lastAsked.withLock { $0 = .now }
        return (try? await session.link.publish(question, key: session.names.controlKey(of: mailbox))) == true
    }

    /// Waits until the owner has let go, at most ``patience``.
    ///
    /// An owner that died answers nothing, and its session's queue takes questions for some minutes more. The broker has
    /// taken its consumer away together with what it held. So a mailbox without a consumer is waited for only as long as a
    /// living owner, which has cancelled its consumer and still answers what it holds, needs to say that it has begun.
    ///
    /// - Parameter isReceived: Whether anybody else consumes the mailbox.
    func wait(_ isReceived: () async -> Bool) async {
        let asked = ContinuousClock.now
        let end = asked + Self.patience
        var standbyEnd: ContinuousClock.Instant?
        while .now < end, !Task.isCancelled {
            if await released.wait(until: min(end, .now + Self.lookInterval)) != nil { return }
            if begun.current != nil {
                _ = await released.wait(until: end)
                return
            }
            if stoodBy.current != nil {
                let limit = standbyEnd ?? .now + Self.standbyPatience
                if limit <= .now { return }
                standbyEnd = limit
            }
            if asked + Self.silencePatience <= .now, await !isReceived() { return }
        }
    }

    /// Whether an owner has stopped consuming, and may hold something.
    var isLettingGo: Bool {
        begun.current != nil && released.current == nil && !isGivenUp.load(ordering: .relaxed)
    }

    /// Waits for such an owner, ``patience`` after it was asked last at most. From then on it counts as gone.
    func waitUntilReleased() async {
        guard isLettingGo, let asked = lastAsked.withLock({ $0 }) else { return }
        if await released.wait(until: asked + Self.patience) == nil { isGivenUp.store(true, ordering: .relaxed) }
    }
}
