internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Primitives

/// Asks whether a mailbox has a receiver, before it is opened.
///
/// An existing consumer may belong to a process that died a moment ago, so its session is asked; a living one answers
/// at once.
struct Claim {
    let link: BrokerLink
    let replies: ControlReplies
    let id: EntityID

    /// How long a consumer that does not answer may stay.
    private static let patience = Duration.seconds(3)

    /// Returns when the mailbox has no receiver.
    ///
    /// - Throws: ``ExchangeError/Code/mailboxInUse``; ``ExchangeError/Code/unavailable`` when the queue does not exist.
    func make() async throws(ExchangeError) {
        let end = ContinuousClock.now + Self.patience
        repeat {
            if try await hasNoReceiver() { return }
            if try await isAnswered(until: min(end, .now + .milliseconds(500))) {
                throw ExchangeError(.mailboxInUse, "another process receives from the mailbox", entity: id)
            }
        } while .now < end
        // The broker may have noticed the death of a receiver after the last look.
        if try await hasNoReceiver() { return }
        throw ExchangeError(.mailboxInUse, "another process holds the mailbox and does not answer", entity: id)
    }

    private func hasNoReceiver() async throws(ExchangeError) -> Bool {
        guard let queue = try await link.objects.status(ofMailbox: id) else {
            throw ExchangeError(.unavailable, "the queue of the mailbox is not on the broker", entity: id)
        }
        return queue.consumerCount == 0
    }

    private func isAnswered(until deadline: ContinuousClock.Instant) async throws(ExchangeError) -> Bool {
        let question = ControlMessage(.claim, mailbox: id, replyTo: link.replyTo)
        let answer = replies.expect(question.id)
        defer { replies.forget(question.id) }
        do {
            _ = try await link.publish(question, key: link.names.controlKey(of: id))
        } catch {
            throw ExchangeError(error, "can't ask for the receiver of the mailbox", entity: id)
        }
        return await answer.wait(until: deadline) == .inUse
    }
}
