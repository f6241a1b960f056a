/// The result of reading a namespace.
struct NamespaceReading: Sendable {
    /// A source of metrics.
    enum Source: String, CaseIterable, Sendable {
        /// The directory, over AMQP.
        case directory
        /// The list of queues, from the management plugin.
        case management
    }

    /// The namespace, unless the directory was never read.
    var snapshot: NamespaceSnapshot?
    /// The sources that were not read, with the reason.
    var failures: [Source: CommandFailure] = [:]
    /// How long reading took.
    var duration: Duration = .zero
    /// How long the directory took to show a record that was just written, the last time that this was tried.
    var directoryLag: Duration?
    /// The number of pages in which the list of queues came.
    var pages = 0
    /// The time when it ended; `nil` for one that was given up.
    var end: ContinuousClock.Instant?

    /// A line for each source that was not read.
    var notes: [String] {
        Source.allCases.compactMap { source in
            failures[source].map { "\(source) can't be read: \($0.message)".oneLine }
        }
    }

    /// A reading that was not complete in time.
    static let late: NamespaceReading = {
        let failure = CommandFailure("reading took too long", code: "deadline-exceeded", status: ExitStatus.broker)
        return NamespaceReading(failures: [.directory: failure, .management: failure])
    }()
}
