import RabbitMQExchange

/// A check of the broker for a supervisor: whether it takes the login, and whether the shared objects are there. It
/// registers nothing, makes nothing and ends by its deadline.
struct Probe: Sendable {
    private let options: CommonOptions
    private let deadline: TimeSpan

    init(_ options: CommonOptions, deadline: TimeSpan) {
        self.options = options
        self.deadline = deadline
    }

    /// Checks once.
    ///
    /// - Throws: ``CommandFailure`` with status 3 when the broker refuses or is late, 1 when an object is missing or wrong.
    func run() async throws {
        try await limited(to: deadline.duration, "the broker has not answered within \(deadline)") { try await check() }
    }

    private func check() async throws {
        let objects = try await options.withAdministration { try await $0.topology(nil) }
        guard let wrong = objects.first(where: { $0.state == .missing || $0.state == .different }) else { return }
        throw CommandFailure("\(wrong.kind.rawValue) \(wrong.name) is \(wrong.state.rawValue)", code: "not-found")
    }
}
