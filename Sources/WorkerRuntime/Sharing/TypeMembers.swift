internal import AgentExchange
internal import Foundation
internal import Synchronization

/// The workers that share an agent type, as records in the exchange's directory.
///
/// The record of a worker is a registered agent whose mailbox the worker has open while it lives. Its type is
/// `WorkerMember.TYPE`, its display name `TYPE@UUID` with the worker's UUID.
final class TypeMembers: Sendable {
    /// The type of all records.
    static let root = AgentType("WorkerMember")

    /// The record of this worker.
    struct Record: Sendable {
        let registration: AgentRegistration
        let client: AgentExchangeClient
    }

    private struct Absence {
        var looks = 0
        let since: ContinuousClock.Instant
    }

    private let agentType: String
    private let worker: UUID
    /// How long the record of a worker that is gone stays.
    private let absence: Duration
    /// The records without a receiver.
    private let absences = Mutex<[AgentID: Absence]>([:])

    init(_ agentType: String, worker: UUID, absence: Duration) {
        self.agentType = agentType
        self.worker = worker
        self.absence = absence
    }

    /// Returns the type of the records of one agent type.
    static func recordType(_ agentType: String) -> AgentType {
        AgentType("WorkerMember.\(agentType)", parents: [root])
    }

    /// Returns the worker that a record names.
    static func worker(of record: AgentID) -> UUID? {
        guard let name = record.name, let sign = name.lastIndex(of: "@") else { return nil }
        return UUID(uuidString: String(name[name.index(after: sign)...]))
    }

    /// Makes the record of this worker.
    ///
    /// - Parameter look: Called when another worker says that it came or left.
    func join(
        _ exchange: any ExchangeFactory,
        _ user: UserExchangeClient,
        _ configuration: ClientConfiguration,
        look: @escaping @Sendable () -> Void
    ) async throws(ExchangeError) -> Record {
        let name = "\(agentType)@\(worker.uuidString.lowercased())"
        let registration = try await user.transport.registerAgent(Self.recordType(agentType), name: name)
        do throws(ExchangeError) {
            let transport = try await exchange.makeAgentTransport(registration, mode: .exclusive)
            let client = AgentExchangeClient(
                registration: registration,
                transport: transport,
                configuration: configuration,
                startsAtOnce: nil
            ) { request, _ in
                switch request.body {
                case .ping: return request.response()
                case .action(WireName.look, _):
                    look()
                    return request.response()
                default: return request.error(.unhandled, "the record of a worker has no such action")
                }
            }
            return Record(registration: registration, client: client)
        } catch {
            try? await user.terminate(registration.agentID)
            throw error
        }
    }

    /// Returns the other workers that live: those that have their record open.
    ///
    /// One that had it open counts for one more look. The record of one that is gone for the absence is removed.
    func others(_ user: UserExchangeClient) async throws(ExchangeError) -> [UUID] {
        let records = try await user.transport.discover(
            typeNamed: Self.recordType(agentType).name,
            allowSubtypes: false
        )
        absences.withLock { absences in absences = absences.filter { records.contains($0.key) } }
        var living: [UUID] = []
        for record in records {
            guard let other = Self.worker(of: record), other != worker else { continue }
            let details = try await user.transport.recentDetails(of: .agent(record))
            if details.status == .active, details.attachedConsumers > 0 {
                absences.withLock { $0[record] = Absence(since: ContinuousClock.now) }
                living.append(other)
            } else if isAbsent(record) {
                try? await user.terminate(record)
            } else if absences.withLock({ $0[record]?.looks == 1 }) {
                living.append(other)
            }
        }
        return living
    }

    /// Counts a look at a record without a receiver. Returns whether the record is to be removed.
    private func isAbsent(_ record: AgentID) -> Bool {
        absences.withLock { absences in
            let now = ContinuousClock.now
            guard let known = absences[record] else {
                // A worker that has just registered opens its record next.
                absences[record] = Absence(looks: 2, since: now)
                return false
            }
            absences[record] = Absence(looks: known.looks + 1, since: known.looks == 0 ? now : known.since)
            return known.looks > 0 && known.since + absence <= now
        }
    }

    /// Tells the other workers to look at each other, as far as they can be reached.
    func announce(_ user: UserExchangeClient) async {
        guard
            let records = try? await user.transport.discover(
                typeNamed: Self.recordType(agentType).name,
                allowSubtypes: false
            )
        else { return }
        await withDiscardingTaskGroup { group in
            for record in records where Self.worker(of: record) != worker {
                group.addTask {
                    _ = try? await user.handle(to: record).action(WireName.look, deadline: .seconds(1))
                }
            }
        }
    }
}
