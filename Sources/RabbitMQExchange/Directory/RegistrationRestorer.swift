internal import AMQP
internal import AgentExchange
internal import Logging

/// Restores registrations that the streams lack, after the directory's stream was deleted and recreated.
struct RegistrationRestorer: Sendable {
    let fences: DirectoryFences

    private var link: BrokerLink { fences.link }
    private var replica: DirectoryReplica { fences.replica }

    /// Announces again the registered entities that are missing in the current streams. Other sessions do so too; each
    /// waits a while, then announces only the ones still missing. An entity that is missing and has no queue is
    /// forgotten: it was terminated long ago.
    ///
    /// Where owners must be known, only entities of this session's broker user are announced, because the announcing
    /// user owns them.
    func run() async {
        try? await Task.sleep(for: .milliseconds(.random(in: 500...3000)))
        do throws(ExchangeError) {
            try await fences.wait()
            let count = try await announce(replica.takeMissing())
            guard count > 0 else { return }
            link.logger.warning(
                "the directory had lost registrations; they were announced again",
                metadata: .init(keys: [.count: "\(count)"])
            )
        } catch let error where error.code == .closed || error.code == .cancelled {
            _ = replica.takeMissing()
        } catch {
            _ = replica.takeMissing()
            link.logger.warning(
                "the directory could not be looked through",
                metadata: .init(keys: [.error: "\(error)"])
            )
        }
    }

    /// Returns the number of announced entities.
    private func announce(_ missing: [DirectoryIndex.Entry]) async throws(ExchangeError) -> Int {
        var count = 0
        for entry in missing {
            guard try await link.lookAt(entry.id) != nil else {
                replica.forget(entry.id)
                continue
            }
            if link.configuration.requiresUserID, entry.owner.user != link.user { continue }
            try await fences.writer.announce(.registered(entry.id, lineage: entry.lineage), time: entry.time)
            count += 1
        }
        return count
    }
}
