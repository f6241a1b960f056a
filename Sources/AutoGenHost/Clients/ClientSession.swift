#if AutoGen
    internal import AgentExchange
    internal import AutoGenProtocol
    internal import Foundation
    internal import GRPCCore
    internal import Logging
    internal import Primitives
    internal import Synchronization
    internal import WorkerRuntime

    /// One connected client: its place on the exchange, and the messages for it.
    ///
    /// Messages wait here until the stream takes them; how many, the exchange's own limit for each agent type decides.
    final class ClientSession: Sendable {
        /// The largest message that a client takes unless it was told otherwise, in bytes.
        static let usualMessageSize = 4 * 1024 * 1024

        /// The messages that are written at once, and their bytes.
        private static let batch = 64
        private static let batchBytes = 1 << 20

        let id: ClientID
        /// The subject of the client's certificate; `nil` without one.
        let subject: String?
        let workers: WorkerRuntime
        let configuration: AutoGenHostConfiguration
        let drops: Drops
        /// The client's own requests. They end with the session.
        let requests = TaskRegistry<Int>()
        /// The events that the client has sent and no broker has confirmed. They are published although the session ends.
        let publications = TaskRegistry<Int>()
        let permits: Permits
        private let lastTask = Atomic(0)
        let state: Mutex<ClientState>
        /// Set when the session has ended.
        let hasEnded = OneShot<Void>()
        /// Set when a stream has ended.
        let streamsEnded = OneShot<Void>()

        init(
            _ id: ClientID,
            subject: String?,
            _ workers: WorkerRuntime,
            _ configuration: AutoGenHostConfiguration,
            _ drops: Drops
        ) {
            self.id = id
            self.subject = subject
            self.workers = workers
            self.configuration = configuration
            self.drops = drops
            permits = Permits(configuration.maximumUnconfirmed)
            state = Mutex(ClientState(configuration, now: .now))
        }

        var logger: Logger {
            var logger = configuration.logger
            logger[metadataKey: "client"] = .string(id.description)
            return logger
        }

        /// Starts a task of the client, on the calling thread up to its first wait.
        func start(in tasks: TaskRegistry<Int>, _ body: @escaping @Sendable () async -> Void) {
            let number = lastTask.add(1, ordering: .relaxed).newValue
            tasks.start(number, isImmediate: true) {
                await body()
                tasks.end(number)
            }
        }

        /// Returns whether the host's policy lets the client do something.
        func may(_ action: HostPolicy.Action, _ name: String, isPrefix: Bool = false) -> Bool {
            configuration.policy?.allows(action, name, isPrefix: isPrefix, subject: subject) ?? true
        }

        /// Records a call of the client.
        func touch() { state.withLock { $0.lastUse = .now } }
    }

    // MARK: - The stream

    extension ClientSession {
        /// The next step of a stream's writer.
        enum Step: Sendable {
            case write([[UInt8]])
            case end(RPCError?)
        }

        /// Opens a stream; the newest counts. Returns `nil` when the session has ended.
        func openStream(isRetried: Bool) -> Int? {
            let (stream, writer) = state.withLock { state in
                let stream = state.open(isRetried: isRetried)
                return (stream, state.takeWriter())
            }
            writer?.resume()
            return stream
        }

        /// Records that a stream has ended by itself. Returns whether it was the client's current one.
        func closeStream(_ stream: Int) -> Bool {
            let (isCurrent, writer) = state.withLock { state in
                guard case .streaming(stream) = state.phase else {
                    return (false, nil as CheckedContinuation<Void, Never>?)
                }
                state.phase = .waiting(until: .now + configuration.reconnectPatience, hadStream: true)
                return (true, state.takeWriter())
            }
            writer?.resume()
            return isCurrent
        }

        /// Waits for messages to write to a stream.
        func next(for stream: Int) async -> Step {
            while !Task.isCancelled {
                if let step = step(for: stream) { return step }
                await withTaskCancellationHandler {
                    await withCheckedContinuation { continuation in
                        let isNow = state.withLock { state in
                            if Task.isCancelled || !state.waits(stream) { return true }
                            state.writer = continuation
                            return false
                        }
                        if isNow { continuation.resume() }
                    }
                } onCancel: {
                    state.withLock { $0.takeWriter() }?.resume()
                }
            }
            return .end(nil)
        }

        private func step(for stream: Int) -> Step? {
            let (step, delivered): (Step?, [RelayedEvent]) = state.withLock { state in
                guard case .streaming(let current) = state.phase else { return (.end(Self.ended), []) }
                guard current == stream else { return (.end(Self.replaced), []) }
                let (batch, delivered) = state.queue.take(upTo: Self.batch, bytes: Self.batchBytes, now: .now)
                if batch.isEmpty { return (state.stopping.map { .end($0) }, state.settled(delivered)) }
                return (.write(batch), state.settled(delivered))
            }
            for event in delivered { event.settle() }
            return step
        }

        private static let ended = RPCError(code: .unavailable, message: "The session of the client has ended.")
        private static let replaced = RPCError(code: .aborted, message: "A newer stream of the client counts.")

        /// Puts a message in line for the client.
        func put(_ kind: OutgoingQueue<UUID>.Kind, _ bytes: [UInt8]) {
            let writer = state.withLock { state in
                if state.isEnded { return nil as CheckedContinuation<Void, Never>? }
                state.queue.put(kind, bytes)
                return state.takeWriter()
            }
            writer?.resume()
        }
    }
#endif
