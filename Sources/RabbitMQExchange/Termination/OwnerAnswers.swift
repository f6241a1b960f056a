internal import AMQP
internal import AgentExchange
internal import Primitives
internal import Synchronization

/// The answers to one drain from the sessions that receive from a terminated mailbox, or are on standby for it.
final class OwnerAnswers: Sendable {
    private let link: BrokerLink
    private let replies: ControlReplies
    /// How long an owner takes requests past a broker that it can't reach.
    private let lease: Duration
    private let question: ControlMessage
    /// The owner answers its held requests, and takes no more.
    private let begun: OneShot<ControlMessage.Kind>
    /// The owner no longer holds any request.
    private let released: OneShot<ControlMessage.Kind>
    /// A standby takes nothing.
    private let stoodBy: OneShot<ControlMessage.Kind>
    /// The answers of the members, when the mailbox is that of a work group.
    private let group: GroupRelease?
    private let lastAsked = Mutex<ContinuousClock.Instant?>(nil)
    private let isGivenUp = Atomic(false)

    /// How long to wait for an owner after it was asked: when its process is gone, the broker takes back its held
    /// requests.
    private static let patience = Duration.seconds(5)

    /// How long an owner may take to begin, once a standby has answered.
    private var standbyPatience: Duration { max(.seconds(1), lease) }

    /// How long an owner without a consumer may take to begin.
    private var silencePatience: Duration { max(.milliseconds(400), lease) }

    /// The time between two counts of the mailbox's consumers.
    private static let lookInterval = Duration.milliseconds(100)

    init(of mailbox: EntityID, isShared: Bool, on link: BrokerLink, _ replies: ControlReplies, lease: Duration) {
        self.link = link
        self.replies = replies
        self.lease = lease
        question = ControlMessage(.terminate, mailbox: mailbox, replyTo: link.replyTo)
        let silence = Duration.milliseconds(400)
        group = isShared ? GroupRelease(question, on: link, replies, silencePatience: silence) : nil
        begun = replies.expect(question.id, .lettingGo)
        released = replies.expect(question.id, .released)
        stoodBy = replies.expect(question.id, .stoodBy)
    }

    /// Ends the waits.
    func forget() {
        replies.forget(question.id)
    }

    /// Tells the owner to let go. Returns whether the question reached the queue of a session.
    @discardableResult
    func ask() async -> Bool {
        guard let mailbox = question.mailbox else { return false }
        lastAsked.withLock { $0 = .now }
        return (try? await link.publish(question, key: link.names.controlKey(of: mailbox))) == true
    }

    /// Waits until the owner has let go, at most ``patience``.
    ///
    /// A dead owner answers nothing, although its session's queue accepts questions for some more minutes. The broker
    /// has removed its consumer and taken back its held requests. A living owner may have cancelled its consumer and
    /// still be answering. So a mailbox without a consumer is given only the time that a living owner needs to report
    /// that it has begun.
    ///
    /// Of a group all members are waited for.
    ///
    /// - Parameters:
    ///   - expected: The number of other consumers of the mailbox before the owner was asked.
    ///   - others: Returns that number now; `nil` when it can't be told.
    func wait(_ expected: Int, _ others: () async -> Int?) async {
        if let group { return await group.wait(expected, others) }
        let asked = ContinuousClock.now
        let end = asked + Self.patience
        var standbyEnd: ContinuousClock.Instant?
        while .now < end, !Task.isCancelled {
            if await released.wait(until: min(end, .now + Self.lookInterval)) != nil { return }
            if begun.value != nil {
                _ = await released.wait(until: end)
                return
            }
            if stoodBy.value != nil {
                let limit = standbyEnd ?? .now + standbyPatience
                if limit <= .now { return }
                standbyEnd = limit
            }
            if asked + silencePatience <= .now, await others() == 0 { return }
        }
    }

    /// Whether an owner has stopped consuming and may hold requests.
    var isLettingGo: Bool {
        if let group { return group.isLettingGo }
        return begun.value != nil && released.value == nil && !isGivenUp.load(ordering: .relaxed)
    }

    /// Waits for such an owner, at most ``patience`` after it was last asked. After that it counts as gone.
    func waitUntilReleased() async {
        if let group { return await group.waitUntilReleased() }
        guard isLettingGo, let asked = lastAsked.withLock({ $0 }) else { return }
        if await released.wait(until: asked + Self.patience) == nil { isGivenUp.store(true, ordering: .relaxed) }
    }
}
