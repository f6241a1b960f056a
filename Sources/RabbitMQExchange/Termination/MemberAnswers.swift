internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Primitives
internal import Synchronization

/// The answers of a work group's members to its termination, by session: a pure value.
struct MemberAnswers: Sendable {
    private struct Members {
        var count: Int
        var isReleased = false
    }

    /// A session of an older version does not say which it is, and has one receiver.
    private var sessions: [UUID?: Members] = [:]

    /// Whether members have stopped consuming and may hold requests.
    var isLettingGo: Bool { sessions.values.contains { !$0.isReleased } }

    /// The number of members that hold nothing any more.
    var released: Int { sessions.values.reduce(0) { $1.isReleased ? min($0 + $1.count, 1 << 30) : $0 } }

    /// Records an answer. Returns whether it is one of a member.
    mutating func take(_ kind: ControlMessage.Kind, _ members: GroupMembers?) -> Bool {
        guard kind == .lettingGo || kind == .released else { return false }
        let known = sessions[members?.session]
        // A session that is asked again has let go of its members, and counts none of them.
        let count = max(known?.count ?? 1, members?.count ?? 1)
        sessions[members?.session] = Members(count: count, isReleased: kind == .released || known?.isReleased == true)
        return true
    }
}

/// Waits until every member of a terminated work group has let go of the mailbox.
final class GroupRelease: Sendable {
    private struct State {
        var answers = MemberAnswers()
        var changed = OneShot<Void>()
        var isGivenUp = false
    }

    private let question: ControlMessage
    private let link: BrokerLink
    private let replies: ControlReplies
    private let silencePatience: Duration
    private let state = Mutex(State())

    /// How long to wait for members that answer no more: when a process is gone, the broker takes back its held requests.
    private static let patience = Duration.seconds(5)
    /// The time between two counts of the mailbox's consumers.
    private static let lookInterval = Duration.milliseconds(100)

    /// - Parameter silencePatience: How long members without a consumer may take to answer.
    init(
        _ question: ControlMessage,
        on link: BrokerLink,
        _ replies: ControlReplies,
        silencePatience: Duration
    ) {
        self.question = question
        self.link = link
        self.replies = replies
        self.silencePatience = silencePatience
        replies.read(question.id) { [weak self] in self?.take($0) }
    }

    private func take(_ answer: ControlMessage) {
        state.withLock { state in
            guard state.answers.take(answer.kind, GroupMembers(fields: answer.fields)) else {
                return nil as OneShot<Void>?
            }
            return state.changed
        }?.set()
    }

    /// Whether members have stopped consuming and may hold requests.
    var isLettingGo: Bool { state.withLock { $0.answers.isLettingGo && !$0.isGivenUp } }

    /// Waits until all members have let go, for a while at most.
    ///
    /// A member answers before it stops consuming. So when no other consumer is left, all that live have answered, or their
    /// answers are on their way.
    ///
    /// - Parameters:
    ///   - expected: The number of members' consumers before they were asked.
    ///   - others: Returns the number of other consumers of the mailbox; `nil` when it can't be told.
    func wait(_ expected: Int, _ others: () async -> Int?) async {
        let asked = ContinuousClock.now
        while .now < asked + Self.patience, !Task.isCancelled {
            let signal = state.withLock { state in
                state.changed = OneShot<Void>()
                return state.changed
            }
            let (isLettingGo, released) = state.withLock { ($0.answers.isLettingGo, $0.answers.released) }
            let mayBeDone = !isLettingGo && (expected > 0 && released >= expected || asked + silencePatience <= .now)
            if mayBeDone, await others() == 0, !self.isLettingGo { return }
            _ = await signal.wait(until: .now + Self.lookInterval)
        }
    }

    /// Waits for the members that have answered and hold requests. After a while they count as gone.
    func waitUntilReleased() async {
        let end = ContinuousClock.now + Self.patience
        while isLettingGo, !Task.isCancelled {
            let signal = state.withLock { state in
                state.changed = OneShot<Void>()
                return state.changed
            }
            guard isLettingGo else { return }
            if await signal.wait(until: end) == nil { state.withLock { $0.isGivenUp = true } }
        }
    }
}
