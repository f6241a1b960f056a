internal import AgentExchange
internal import Foundation
internal import Logging

/// The outcome of an event.
enum EventOutcome: Sendable {
    case handled
    /// It is left to the next worker of the slot.
    case left
    case failed(any Error)

    var error: (any Error)? {
        if case .failed(let error) = self { error } else { nil }
    }

    /// The outcome of an event with two handlers.
    static func + (first: EventOutcome, second: EventOutcome) -> EventOutcome {
        switch (first, second) {
        case (.left, _), (_, .left): .left
        case (.failed, _): first
        default: second
        }
    }
}

/// The end of a slot's events: they are settled, or parked, as their outcome says, and counted when no handler has ended with success.
struct EventSettlement: Sendable {
    let type: HostedType
    let transport: any ExchangeTransport
    let clock: WorkerClock
    let logger: Logger
    /// Set when the worker gives the slot up.
    let isLeaving: Flag

    /// Whether an event of a durable type has waited longer than its retention. It is counted then.
    func isExpired(_ delivery: EventDelivery) -> Bool {
        guard type.isDurable, let published = delivery.published else { return false }
        // Foreign input: the publication may be at any time.
        let age = clock.date().timeIntervalSince(published)
        guard age > type.options.retention / .seconds(1) else { return false }
        ExchangeMetrics.current.count(.eventsDropped, [.reason("expired")])
        let address = AgentAddress(type.name, key: delivery.event.topic.source)
        logger.debug("an event waited longer than its retention", metadata: metadata(delivery.event, address))
        return true
    }

    /// Settles an event, or parks it, as its outcome says.
    func end(_ delivery: EventDelivery, _ address: AgentAddress, _ outcome: EventOutcome) async {
        switch outcome {
        case .left: return
        case .handled: settle(delivery)
        case .failed(let error):
            if type.options.eventErrors == .park, let events = transport.eventTransport {
                if await park(delivery, address, error, events) { return }
            }
            report(error, delivery.event, address)
            settle(delivery)
        }
    }

    /// Parks an event. It is tried again until it succeeds or the worker stops: then the event is left to the next worker.
    ///
    /// - Returns: `false` when the event can't be parked.
    private func park(
        _ delivery: EventDelivery,
        _ address: AgentAddress,
        _ cause: any Error,
        _ events: any EventTransport
    ) async -> Bool {
        let failure = Failure(ofRuntime: cause)
        let reason = "\(address) failed: \(failure.code.rawValue): \(failure.message)"
        var pause = Duration.milliseconds(100)
        while true {
            do throws(ExchangeError) {
                try await events.park(delivery, reason: reason)
                logger.error(
                    "an event was not handled, and was parked",
                    metadata: metadata(delivery.event, address).with(.error, "\(cause)")
                )
                return true
            } catch {
                if [.unsupported, .messageTooLarge, .invalidMessage].contains(error.code) { return false }
                if isLeaving.isSet || error.code == .closed { return true }
                logger.warning(
                    "an event could not be parked yet",
                    metadata: metadata(delivery.event, address).with(.error, error.description)
                )
            }
            do { try await Task.sleep(for: pause) } catch { return true }
            pause = min(pause * 2, .seconds(30))
        }
    }

    /// Settles an event: it is not handed out again.
    func settle(_ delivery: EventDelivery) {
        transport.eventTransport?.settle(delivery)
    }

    private func report(_ error: any Error, _ event: Event, _ address: AgentAddress) {
        ExchangeMetrics.current.count(.eventsDropped, [.reason("failed")])
        logger.error("an event was not handled", metadata: metadata(event, address).with(.error, "\(error)"))
    }

    /// Returns the fields of an event for a log.
    func metadata(_ event: Event, _ address: AgentAddress) -> LogMetadata {
        LogMetadata(keys: [
            .mailbox: transport.mailboxID.description, .kind: "event",
            .tag: event.publicationID.uuidString.lowercased(),
            .action: event.dataType, .peer: event.sender?.description ?? "",
        ]).with(.reason, "\(event.topic) for \(address)")
    }
}
