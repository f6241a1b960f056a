public import Logging

/// Keeps log lines for tests.
///
/// ```swift
/// let log = LogRecorder()
/// let connection = try await Connection(url, logger: log.logger)
/// try await log.entry { $0.message.contains("reconnected") }
/// ```
public final class LogRecorder: Sendable {
    /// A line of the log.
    public struct Entry: Sendable {
        /// Its level.
        public let level: Logger.Level
        /// Its text.
        public let message: String
        /// Its values: those of the logger, then those of the call.
        public let metadata: Logger.Metadata
        /// The label of the logger.
        public let label: String
    }

    private let storage = Monitor<[Entry]>([])

    /// An empty recorder.
    public init() {}

    /// A logger that writes here, at every level.
    public var logger: Logger { logger(label: "test") }

    /// A logger with this label that writes here, at every level.
    public func logger(label: String) -> Logger {
        Logger(label: label) { RecordingLogHandler(label: $0, recorder: self) }
    }

    /// All entries until now, in order.
    public var entries: [Entry] { storage.value }

    /// Waits for an entry, including existing ones.
    ///
    /// - Throws: ``ConditionNotMet`` when none came in time.
    @discardableResult
    public func entry(
        timeout: Duration = .seconds(30),
        where condition: @escaping @Sendable (Entry) -> Bool
    ) async throws -> Entry {
        try await storage.wait(for: "a log entry", timeout: timeout) { $0.first(where: condition) }
    }

    func record(_ entry: Entry) { storage.update { $0.append(entry) } }
}

/// A log handler whose lines a ``LogRecorder`` keeps.
public struct RecordingLogHandler: LogHandler {
    /// Values for every line of this logger.
    public var metadata: Logger.Metadata = [:]
    /// Values from the task, when a provider is set.
    public var metadataProvider: Logger.MetadataProvider?
    /// The lowest recorded level: by default every level.
    public var logLevel = Logger.Level.trace

    private let label: String
    private let recorder: LogRecorder

    /// A handler that writes to this recorder.
    public init(label: String, recorder: LogRecorder) {
        self.label = label
        self.recorder = recorder
    }

    /// One of the values for every line.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Keeps a line.
    public func log(event: LogEvent) {
        var all = metadata
        if let metadataProvider { all.merge(metadataProvider.get()) { $1 } }
        if let own = event.metadata { all.merge(own) { $1 } }
        recorder.record(
            LogRecorder.Entry(level: event.level, message: event.message.description, metadata: all, label: label)
        )
    }
}
