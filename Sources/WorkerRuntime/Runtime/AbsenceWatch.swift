internal import AgentExchange
internal import Logging
internal import Synchronization

/// Looks for types that have lost their last worker, and ends them after the absence.
final class AbsenceWatch: Sendable {
    /// The slots of a type. Slots that replace others are looked at anew.
    private struct Place: Hashable, Sendable {
        let type: ExactText
        let slots: [AgentID]
    }

    private let absence: Duration
    private let absences = Mutex(AbsenceCount<Place>())

    init(absence: Duration) {
        self.absence = absence
    }

    /// The pause between two looks.
    var pause: Duration { max(.milliseconds(100), min(.seconds(10), absence / 3)) }

    /// Looks once.
    func look(_ life: TypeLife, _ logger: Logger) async throws(ExchangeError) {
        let types = try await life.ephemeralTypes()
        absences.withLock { $0.keep { types[$0.type] == $0.slots } }
        for (type, slots) in types {
            let place = Place(type: type, slots: slots)
            let hasWorker = await life.hasWorker(type.text, slots)
            let absence = absences.withLock { $0.look(place, isThere: hasWorker) }
            guard absence.isOver(self.absence) else { continue }
            let slotType = TypeDirectory.slotType(type.text)
            if try await life.end(type.text, slots.map { AgentRegistration(agentID: $0, type: slotType) }) {
                logger.info("an agent type without a worker was ended", metadata: .init(keys: [.mailbox: type.text]))
            }
            absences.withLock { $0.forget(place) }
        }
    }
}
