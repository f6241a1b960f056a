internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Primitives
internal import Synchronization

/// Asks the members of a work group about themselves.
struct GroupQuestion {
    let session: Session

    /// The time for which answers are waited for.
    private static let patience = Duration.milliseconds(500)

    /// Returns the sessions that have members and answer in time, those that hold most first.
    ///
    /// - Parameter expected: The number of members, after which no more answers are waited for.
    func ask(_ mailbox: EntityID, expected: Int) async -> [GroupMembers] {
        let answers = CollectedMembers(expected)
        let question = ControlMessage(.claim, mailbox: mailbox, replyTo: session.link.replyTo)
        session.replies.read(question.id) { answers.take(GroupMembers(fields: $0.fields)) }
        defer { session.replies.forget(question.id) }
        let end = ContinuousClock.now + Self.patience
        // A session does not answer itself.
        answers.take(session.receiver.members(of: mailbox))
        let key = session.names.controlKey(of: mailbox)
        if (try? await session.link.publish(question, key: key, deadline: .after(Self.patience))) == true {
            _ = await answers.isDone.wait(until: end)
        }
        return answers.all
    }
}

/// The members that have answered.
private final class CollectedMembers: Sendable {
    let isDone = OneShot<Void>()
    private let expected: Int
    private let answers = Mutex<[UUID: GroupMembers]>([:])

    init(_ expected: Int) {
        self.expected = expected
    }

    var all: [GroupMembers] {
        answers.withLock { $0.values.sorted { ($0.held, $0.count) > ($1.held, $1.count) } }
    }

    func take(_ members: GroupMembers?) {
        guard let members else { return }
        let count = answers.withLock { answers in
            answers[members.session] = members
            return answers.values.reduce(0) { min($0 + $1.count, 1 << 30) }
        }
        if count >= expected { isDone.set() }
    }
}
