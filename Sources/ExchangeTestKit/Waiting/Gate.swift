/// A place at which actions of a test wait until they may go on.
package final class Gate: Sendable {
    private let visitors = Monitor(0)
    private let isOpen = Monitor(false)

    package init() {}

    /// The number of visitors so far.
    package var count: Int { visitors.value }

    /// Waits until the gate is open; ends early when the task is cancelled.
    package func pass() async {
        visitors.update { $0 += 1 }
        _ = try? await isOpen.wait(for: "the gate", timeout: .seconds(120)) { $0 ? true : nil }
    }

    /// Waits until so many visitors have come to the gate.
    package func waitForVisitor(_ number: Int = 1) async throws {
        try await visitors.wait(for: "\(number) visitors", timeout: .seconds(30)) { $0 >= number ? true : nil }
    }

    /// Lets everyone pass, from now on.
    package func open() { isOpen.update { $0 = true } }
}
