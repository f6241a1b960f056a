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

    /// A reading that was not complete in time.
    static let late: NamespaceReading = {
        let failure = CommandFailure("reading took too long", code: "deadline-exceeded", status: ExitStatus.broker)
        return NamespaceReading(failures: [.directory: failure, .management: failure])
    }()
}
