public import Logging

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
