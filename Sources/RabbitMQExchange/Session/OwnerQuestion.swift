internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Primitives
internal import Synchronization

/// Asks the owners of mailboxes about themselves. Standbys do not count, and neither do mailboxes without a receiver.
struct OwnerQuestion {
    let session: Session

    /// The time for which the answers of owners are waited for.
    private static let patience = Duration.milliseconds(500)
    /// The number of mailboxes that are asked for at the same time.
    private static let width = 256

    /// The field of a claim that asks for more, and its value that asks for the direct connections.
    static let tell = "tell"
    static let connections = "direct-connections"
    /// The field of a standby's answer.
    static let standby = "standby"

    /// Returns the owners that answer. An older version's owner tells nothing of itself.
    ///
    /// - Parameter withConnections: Whether they tell their direct connections too.
    func ask(_ mailboxes: [EntityID], withConnections: Bool = false) async -> [EntityID: MailboxOwner] {
        var owners: [EntityID: MailboxOwner] = [:]
        var left = Array(Set(mailboxes))[...]
        while !left.isEmpty, !Task.isCancelled {
            owners.merge(await askTogether(Array(left.prefix(Self.width)), withConnections)) { $1 }
            left = left.dropFirst(Self.width)
        }
        return owners
    }

    private func askTogether(_ mailboxes: [EntityID], _ withConnections: Bool) async -> [EntityID: MailboxOwner] {
        let answers = CollectedOwners(of: mailboxes)
        var questions: [UUID] = []
        defer { for id in questions { session.replies.forget(id) } }
        for mailbox in mailboxes {
            // A session does not answer itself.
            if let owner = session.receiver.owner(of: mailbox, withConnections: withConnections) {
                answers.end(mailbox, owner)
                continue
            }
            let question = ControlMessage(
                .claim,
                mailbox: mailbox,
                replyTo: session.link.replyTo,
                fields: withConnections ? [Self.tell: Self.connections] : [:]
            )
            questions.append(question.id)
            session.replies.read(question.id) { answers.take($0, of: mailbox) }
            let key = session.names.controlKey(of: mailbox)
            let publication = question.publication(to: session.names.exchange(of: key), key: key)
            _ = session.link.publish(publication, deadline: .after(Self.patience)) { result in
                // The mailbox has no receiver, or the question is lost.
                if case .failure = result { answers.end(mailbox, nil) }
            }
        }
        return await answers.all(until: .now + Self.patience)
    }
}

/// The answers to questions about mailboxes.
private final class CollectedOwners: Sendable {
    private struct State {
        var owners: [EntityID: MailboxOwner] = [:]
        /// Mailboxes whose owner has not answered.
        var left: Set<EntityID>
        /// Of these, those with an answer from a session that does not say whether it is the owner.
        var unclear: Set<EntityID> = []
    }

    private let state: Mutex<State>
    private let isDone = OneShot<Void>()

    init(of mailboxes: [EntityID]) {
        state = Mutex(State(left: Set(mailboxes)))
    }

    /// Takes the answer of a session that has a mailbox open.
    func take(_ answer: ControlMessage, of mailbox: EntityID) {
        guard answer.kind == .inUse else { return }
        let owner = MailboxOwner(fields: answer.fields)
        if owner.session != nil { return end(mailbox, owner) }
        // A standby says that it is one; an older version says nothing.
        if answer.fields[OwnerQuestion.standby] == nil { state.withLock { _ = $0.unclear.insert(mailbox) } }
    }

    /// Ends the question about a mailbox; `nil` when it has no receiver.
    func end(_ mailbox: EntityID, _ owner: MailboxOwner?) {
        let isLast = state.withLock { state in
            guard state.left.remove(mailbox) != nil else { return false }
            state.owners[mailbox] = owner
            return state.left.isEmpty
        }
        if isLast { isDone.set() }
    }

    /// Waits for the answers of all owners, and returns those that came in time.
    func all(until deadline: ContinuousClock.Instant) async -> [EntityID: MailboxOwner] {
        _ = await isDone.wait(until: deadline)
        return state.withLock { state in
            for mailbox in state.unclear.intersection(state.left) {
                state.owners[mailbox] = MailboxOwner(session: nil, directRequests: nil, directWays: nil)
            }
            return state.owners
        }
    }
}

extension AnswerReceiver {
    /// Describes this process as the owner of a mailbox; `nil` when it does not receive from it, or stands by for it.
    func owner(of mailbox: EntityID, withConnections: Bool) -> MailboxOwner? {
        guard let attachment = attachments.active(of: mailbox), attachment.isAttached else { return nil }
        let taken = attachment.contents.held.withLock { held in held.count { $0.receipt?.peer != nil } }
        return MailboxOwner(
            session: link.sessionID,
            directRequests: direct == nil ? nil : taken,
            directWays: withConnections ? direct?.ways : nil
        )
    }

    /// Answers a claim: this process has the mailbox open.
    func answer(claim: ControlMessage, of mailbox: EntityID) async {
        let wantsConnections = claim.fields[OwnerQuestion.tell] == OwnerQuestion.connections
        let owner = owner(of: mailbox, withConnections: wantsConnections)
        let fields = owner?.fields ?? [OwnerQuestion.standby: "true"]
        await reply(.inUse, to: claim, fields: fields.merging(members(of: mailbox)?.fields ?? [:]) { $1 })
    }
}
