internal import AMQP
internal import AgentExchange
internal import Logging
internal import Synchronization

/// Completes terminations whose sessions died halfway: a mailbox was announced as terminated, but its queue still
/// exists. Every session that serves dead letters runs one; the lock of a ``Drain`` admits one of them.
struct TerminationFinisher: Sendable {
    let session: Session

    /// The maximum number of terminations that are checked or completed at a time.
    private static let width = 8

    /// The shortest time between two rounds. With ``width`` it limits the broker's cost of a long list of old records.
    private static let pause = Duration.milliseconds(250)

    /// Short-lived sessions do not start, because the directory has to be read from its beginning.
    private static let delay = Duration.milliseconds(1500)

    private var unfinished: UnfinishedTerminations { session.directory.unfinished }

    /// Runs until the task is cancelled.
    func run() async {
        await sleep(Self.delay)
        while !Task.isCancelled, !session.isEnding {
            session.directory.follower.begin()
            await unfinished.waitUntilDue(atMost: .seconds(30))
            await round()
            await sleep(Self.pause)
        }
    }

    /// Checks the due terminations. Long ones continue beside the next rounds, which then have less room.
    private func round() async {
        let due = unfinished.takeDue(limit: Self.width - session.finishing.load(ordering: .relaxed))
        for abandoned in due {
            session.finishing.add(1, ordering: .relaxed)
            let started = session.background.start {
                await finish(abandoned)
                unfinished.looked(at: abandoned.id)
                session.finishing.subtract(1, ordering: .relaxed)
            }
            if started == nil { return }
        }
    }

    private func finish(_ abandoned: FinishingSchedule.Abandoned) async {
        guard !Task.isCancelled, !session.attachments.isDraining(abandoned.id) else { return }
        let keys: [LogKey: String] = [.mailbox: abandoned.id.description]
        do throws(ExchangeError) {
            guard try await session.link.objects.status(ofMailbox: abandoned.id) != nil else {
                try await session.directory.announce(.finished(abandoned.id))
                return
            }
            let termination = Termination(session: session, id: abandoned.id)
            if try await termination.takeOver(lineage: abandoned.lineage) {
                session.link.logger.notice(
                    "an unfinished termination was completed",
                    metadata: .init(keys: keys)
                )
            }
        } catch {
            session.link.logger.debug(
                "a termination could not be finished",
                metadata: .init(keys: keys.merging([.error: "\(error)"]) { $1 })
            )
        }
    }

    private func sleep(_ duration: Duration) async {
        try? await Task.sleep(for: duration)
    }
}
