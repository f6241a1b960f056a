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
