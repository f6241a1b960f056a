#if Hybrid
    internal import AgentExchange
    internal import Foundation
    public import RabbitMQExchange

    extension HybridExchange {
        /// The number of sessions that are dialled.
        private static let largestSessions = 64
        /// The number of sessions that are dialled at the same time.
        private static let width = 8

        /// Dials the owners of mailboxes at each address that they offer, as this process would reach them, and says how to fix
        /// an address that does not answer. Returns nothing when no owner has a direct way.
        ///
        /// It listens nowhere. At most 64 processes are dialled. It takes some seconds where a firewall drops packets.
        ///
        /// - Parameter report: Called with each finding as it is found.
        public func diagnoseDirectWays(report: @Sendable (Finding) -> Void = { _ in }) async -> [Finding] {
            do throws(ExchangeError) {
                var direct = direct
                direct.listen = []
                let dialling = try HybridExchange(over: broker, direct: direct)
                guard let (administration, way) = try await dialling.broker.openDirectAdministration() else {
                    return []
                }
                let findings = await Self.findings(administration, way as? PeerRouter, report)
                await administration.close()
                return findings
            } catch {
                let finding = Finding(.directWays, .warn, "direct ways can't be examined: \(error.message)")
                report(finding)
                return [finding]
            }
        }

        private static func findings(
            _ administration: ExchangeAdministration,
            _ router: PeerRouter?,
            _ report: @Sendable (Finding) -> Void
        ) async -> [Finding] {
            guard let router, let mailboxes = try? await administration.mailboxes(),
                let owners = try? await administration.owners(of: mailboxes.filter { $0.consumers > 0 }.map(\.id))
            else { return [] }
            // One mailbox stands for its session.
            let direct = owners.filter { $0.value.directRequests != nil }
            let sessions = Dictionary(direct.compactMap { id, owner in owner.session.map { ($0, id) } }) { first, _ in
                first
            }
            let chosen = sessions.sorted { $0.key.uuidString < $1.key.uuidString }.prefix(largestSessions)
            guard !chosen.isEmpty else { return [] }
            var (findings, summary): ([Finding], DialSummary) = ([], DialSummary(sessions: chosen.count))
            await withTaskGroup(of: (EntityID, [ExaminedEndpoint]?).self) { group in
                var waiting = chosen.makeIterator()
                func startNext() {
                    guard let (session, mailbox) = waiting.next() else { return }
                    group.addTask { (mailbox, await router.examine(session)) }
                }
                for _ in 0..<width { startNext() }
                for await (mailbox, results) in group {
                    for finding in summary.take(results, of: mailbox) {
                        findings.append(finding)
                        report(finding)
                    }
                    startNext()
                }
            }
            if let finding = summary.finding {
                findings.append(finding)
                report(finding)
            }
            return findings
        }
    }

    /// The results of dialling several sessions.
    private struct DialSummary {
        /// The number of sessions.
        let sessions: Int
        private var reached = 0
        private var slowest = Duration.zero
        private var withoutAddress = 0

        init(sessions: Int) {
            self.sessions = sessions
        }

        /// Adds the results of a session, and returns its faults.
        mutating func take(
            _ results: [ExaminedEndpoint]?,
            of mailbox: EntityID
        ) -> [Finding] {
            guard let results else {
                let text = "the owner of \(mailbox) does not answer the question for its addresses"
                return [Finding(.directWays, .warn, text, recoverySuggestion: "look whether its process is overloaded")]
            }
            if results.isEmpty { withoutAddress += 1 }
            var findings: [Finding] = []
            for examined in results {
                if case .reached(let time) = examined.result {
                    reached += 1
                    slowest = max(slowest, time)
                } else if let finding = examined.result.finding(at: examined.endpoint, of: mailbox) {
                    findings.append(finding)
                }
            }
            return findings
        }

        /// The finding about all sessions; `nil` when none was reached and each fault was reported.
        var finding: Finding? {
            let note = withoutAddress == 0 ? "" : "; \(withoutAddress) of them only dial others"
            guard reached > 0 || withoutAddress > 0 else { return nil }
            let time = slowest.formatted(.units(allowed: [.milliseconds, .seconds], fractionalPart: .show(length: 1)))
            let text = "\(reached) addresses of \(sessions) processes answer, the slowest after \(time)\(note)"
            return Finding(.directWays, .ok, text)
        }
    }

    extension EndpointProbe {
        /// The finding about an endpoint that was not reached.
        fileprivate func finding(at endpoint: PeerEndpoint, of mailbox: EntityID) -> Finding? {
            let place = "\(endpoint.text) of \(mailbox)"
            switch self {
            case .reached: return nil
            case .dropped:
                let fix =
                    "a firewall on the way drops packets: open the port, or name ports in listen; calls go through the broker"
                return Finding(.directWays, .warn, "\(place) does not answer in time", recoverySuggestion: fix)
            case .refused:
                let fix = "check advertise and forwarded ports; a loopback address is reached on its machine only"
                return Finding(.directWays, .warn, "nothing listens at \(place)", recoverySuggestion: fix)
            case .unresolved:
                let fix = "check the name in advertise, and the name server"
                return Finding(.directWays, .warn, "\(place) has a name without an address", recoverySuggestion: fix)
            case .unreachable(let code):
                let fix = "check the network between this machine and that one, and the interface in listen"
                return Finding(
                    .directWays,
                    .warn,
                    "there is no way to \(place) (error \(code) of the system)",
                    recoverySuggestion: fix
                )
            case .handshake(let error):
                let fix = "check that no other program has the address, and that security is the same in all processes"
                return Finding(
                    .directWays,
                    .warn,
                    "\(place) answers, and proves nothing (\(error.reason))",
                    recoverySuggestion: fix
                )
            }
        }
    }
#endif
