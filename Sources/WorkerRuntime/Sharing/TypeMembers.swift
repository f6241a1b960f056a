internal import AgentExchange
internal import Foundation
internal import Synchronization

/// The workers that share an agent type, as records in the exchange's directory.
///
/// The record of a worker is a registered agent whose mailbox the worker has open while it lives. Its type is
/// `WorkerMember.TYPE`, its display name `TYPE@UUID` with the worker's UUID; before the worker is started it is `TYPE@waiting:UUID`, and
/// no slot is divided to it.
final class TypeMembers: Sendable {
    /// The type of all records.
    static let root = AgentType("WorkerMember")

    /// The record of this worker.
    struct Record: Sendable {
        let registration: AgentRegistration
        let client: AgentExchangeClient
        /// Whether it says that the worker is not started yet.
        let isWaiting: Bool
    }

    /// The other workers that live.
    struct Others: Equatable, Sendable {
        /// Those that take slots.
        var serving: [UUID] = []
        /// Whether there is one that is not started yet.
        var hasWaiting = false

        /// Whether no other worker has the type.
        var isEmpty: Bool { serving.isEmpty && !hasWaiting }
    }

    private static let waiting = "waiting:"

    private let agentType: String
    private let worker: UUID
    /// How long the record of a worker that is gone stays.
    private let absence: Duration
    /// The records without a receiver.
    private let absences = Mutex(AbsenceCount<AgentID>())

    init(_ agentType: String, worker: UUID, absence: Duration) {
        self.agentType = agentType
        self.worker = worker
        self.absence = absence
    }

    /// Returns the type of the records of one agent type.
    static func recordType(_ agentType: String) -> AgentType {
        AgentType("WorkerMember.\(agentType)", parents: [root])
    }

    /// Returns the worker that a record names, and whether that worker is not started yet.
    static func worker(of record: AgentID) -> (id: UUID, isWaiting: Bool)? {
        guard let name = record.name, let sign = name.lastIndex(of: "@") else { return nil }
        let text = name[name.index(after: sign)...]
        let isWaiting = text.hasPrefix(waiting)
        guard let id = UUID(uuidString: String(isWaiting ? text.dropFirst(waiting.count) : text)) else { return nil }
        return (id, isWaiting)
    }

    /// Makes the record of this worker.
    ///
    /// - Parameters:
    ///   - isWaiting: Whether the worker is not started yet.
    ///   - look: Called when another worker says that it came or left.
    func join(
        _ exchange: any ExchangeFactory,
        _ user: UserExchangeClient,
        _ configuration: ClientConfiguration,
        isWaiting: Bool = false,
        look: @escaping @Sendable () -> Void
    ) async throws(ExchangeError) -> Record {
        let name = "\(agentType)@\(isWaiting ? Self.waiting : "")\(worker.uuidString.lowercased())"
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
            return Record(registration: registration, client: client, isWaiting: isWaiting)
        } catch {
            try? await user.terminate(registration.agentID)
            throw error
        }
    }

    /// Returns the other workers that live: those that have their record open.
    ///
    /// One that had it open counts for one more look. The record of one that is gone for the absence is removed.
    func others(_ user: UserExchangeClient) async throws(ExchangeError) -> Others {
        let records = try await records(user)
        absences.withLock { $0.keep(where: records.contains) }
        var others = Others()
        for record in records {
            guard let other = Self.worker(of: record), other.id != worker else { continue }
            let details = try await user.transport.recentDetails(of: .agent(record))
            let isThere = details.status == .active && details.attachedConsumers > 0
            let absence = absences.withLock { $0.look(record, isThere: isThere) }
            if absence.looks == 0 || (absence.looks == 1 && absence.wasSeen) {
                // One that has just registered opens its record next.
                if other.isWaiting { others.hasWaiting = true } else { others.serving.append(other.id) }
            } else if absence.isOver(self.absence) {
                try? await user.terminate(record)
            }
        }
        return others
    }

    private func records(_ user: UserExchangeClient) async throws(ExchangeError) -> [AgentID] {
        try await user.transport.discover(typeNamed: Self.recordType(agentType).name, allowSubtypes: false)
    }

    /// Tells the other workers to look at each other, as far as they can be reached.
    func announce(_ user: UserExchangeClient) async {
        guard let records = try? await records(user) else { return }
        await withDiscardingTaskGroup { group in
            for record in records where Self.worker(of: record)?.id != worker {
                group.addTask {
                    _ = try? await user.handle(to: record).action(WireName.look, deadline: .seconds(1))
                }
            }
        }
    }
}
