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
    /// Where owners must be known, an entity whose UUID does not show its owner is announced only by sessions of that
    /// owner, because the announcing user would become it. A broker user that may announce only its own entities leaves
    /// the rest to others.
    ///
    /// After a failure it begins again, until the session closes: nothing else would compare the streams once more.
    func run() async {
        defer { replica.endRestoring() }
        var pause = link.pause()
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(.random(in: 500...3000)))
            do throws(ExchangeError) {
                try await fences.wait()
                let count = try await announce(replica.missing())
                guard count > 0 else { return }
                link.logger.warning(
                    "the directory had lost registrations; they were announced again",
                    metadata: .init(keys: [.count: "\(count)"])
                )
                return
            } catch let error where error.code == .closed || error.code == .cancelled {
                return
            } catch {
                link.logger.warning(
                    "the directory could not be looked through; that is tried again",
                    metadata: .init(keys: [.error: "\(error)"])
                )
            }
            await pause.next()
        }
    }

    /// Returns the number of announced entities.
    private func announce(_ missing: [DirectoryIndex.Entry]) async throws(ExchangeError) -> Int {
        var count = 0
        let user = link.user
        let own = missing.filter { $0.belongs(to: user) }
        let others = missing.filter { !$0.belongs(to: user) }
        let mayTakeOver = !link.configuration.requiresUserID
        for (number, entry) in (own + others.filter { mayTakeOver || $0.id.isSelfCertifying }).enumerated() {
            guard try await link.objects.status(ofMailbox: entry.id) != nil else {
                replica.forget(entry.id)
                continue
            }
            do throws(ExchangeError) {
                try await fences.writer.announce(.registered(entry.id, lineage: entry.lineage), time: entry.time)
            } catch let error where error.code == .forbidden && number >= own.count {
                break
            }
            count += 1
        }
        return count
    }
}
