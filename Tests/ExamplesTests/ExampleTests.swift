import ExchangeTestKit
import Testing

/// The examples that need no broker, each as a process of its own.
@Suite("The examples in one process")
struct ExampleTests {
    @Test("Each prints what its README shows", arguments: Example.withoutBroker)
    func prints(_ example: Example) async throws {
        #expect(try await example.run(broker: "") == example.output)
    }

    @Test("Two processes without a broker are told that they need one")
    func refusesWithoutBroker() async throws {
        let child = try ChildProcess(
            try ProductsDirectory.executable(Example.processes.name),
            environment: ["WARREN_BROKER": ""]
        )
        child.closeInput()
        #expect(try await child.nextLine(timeout: .seconds(30))?.hasPrefix("WARREN_BROKER is not set") == true)
        #expect(try await child.waitForExit() == .code(2))
    }
}

/// All examples over a real broker, one at a time: they share a namespace.
@Suite(
    "The examples over a broker",
    .serialized,
    .enabled(if: PrivateBroker.isInstalled, Comment(rawValue: PrivateBroker.missingReason))
)
struct BrokerExampleTests {
    @Test("Each prints the same as in one process", arguments: Example.all)
    func prints(_ example: Example) async throws {
        let broker = try await PrivateBroker.shared()
        #expect(try await example.run(broker: broker.amqpURL) == example.output)
    }
}
