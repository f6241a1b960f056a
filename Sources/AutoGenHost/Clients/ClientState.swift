#if AutoGen
    internal import AgentExchange
    internal import Foundation
    internal import GRPCCore
    internal import Primitives
    internal import WorkerRuntime

    /// The state of one client. It is pure: the session around it wakes, settles and answers.
    struct ClientState: Sendable {
        enum Phase: Sendable {
            /// No stream is open. One is waited for until an instant.
            case waiting(until: ContinuousClock.Instant, hadStream: Bool)
            case streaming(Int)
            case ended
        }

        /// A request that waits for the worker.
        struct Call: Sendable {
            let ending: OneShot<WorkerCall.Ending>
            let address: AgentAddress
            let began: ContinuousClock.Instant
            var isReported = false
        }

        var phase: Phase
        var queue: OutgoingQueue<UUID>
        var calls: [String: Call] = [:]
        /// The copies of each event that does not count as delivered.
        var events: [UUID: [RelayedEvent]] = [:]
        var recent = RecentEvents(capacity: 8192)
        var seen = SeenMessages()
        var lastStream = 0
        var lastUse: ContinuousClock.Instant
        /// The task that waits for something to write.
        var writer: CheckedContinuation<Void, Never>?
        /// The end of the streams, when the host stops. Waiting messages are written before.
        var stopping: RPCError?
        /// Whether the host stops.
        var isStopping = false
        /// The subscriptions of the client: the identifiers that it knows, and those that are listed.
        var subscriptions: [String: Subscription] = [:]
        var types: Set<String> = []
        var control: ControlChannel?
        /// The number of its requests that wait for their answer.
        var asking = 0
        /// Set when the host stops and the last of them is answered.
        var lastAnswer: OneShot<Void>?

        init(_ configuration: AutoGenHostConfiguration, now: ContinuousClock.Instant) {
            phase = .waiting(until: now + configuration.streamPatience, hadStream: false)
            queue = OutgoingQueue(hold: configuration.eventHold, holdCount: configuration.eventHoldCount)
            lastUse = now
        }

        var isEnded: Bool { if case .ended = phase { true } else { false } }

        /// Opens a stream. Returns its number, or `nil` after the end.
        mutating func open(isRetried: Bool) -> Int? {
            if isEnded { return nil }
            lastStream += 1
            if lastStream > 1 { queue.rewind() }
            seen.begin(isRetried: isRetried)
            phase = .streaming(lastStream)
            return lastStream
        }

        /// Whether the writer of a stream has nothing to do.
        func waits(_ stream: Int) -> Bool {
            guard case .streaming(stream) = phase, stopping == nil else { return false }
            return queue.isEmpty
        }

        /// Takes the writer that waits.
        mutating func takeWriter() -> CheckedContinuation<Void, Never>? {
            defer { writer = nil }
            return writer
        }

        /// Returns an identifier for a request: the chosen one, unless another request has it.
        func identifier(_ chosen: String) -> String {
            chosen.isEmpty || calls[chosen] != nil ? UUID.random().lowercased : chosen
        }

        /// Removes the copies of events that count as delivered.
        mutating func settled(_ ids: [UUID]) -> [RelayedEvent] {
            ids.flatMap { id in
                recent.insert(id)
                return events.removeValue(forKey: id) ?? []
            }
        }
    }
#endif
