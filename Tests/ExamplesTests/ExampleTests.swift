import ExchangeTestKit
import Foundation
import Testing

/// The examples that need no broker, each as a process of its own.
@Suite("The examples in one process")
struct ExampleTests {
    @Test("Each prints what its README shows", arguments: Example.withoutBroker)
    func prints(_ example: Example) async throws {
        #expect(try await example.run(broker: "") == example.output)
    }

    @Test("An empty WARREN_BROKER is none", arguments: Example.withoutBroker)
    func emptyVariable(_ example: Example) async throws {
        // An empty value removes a variable of a child: the shell sets it.
        let output = try await ChildProcess.run(
            "/bin/sh",
            ["-c", "WARREN_BROKER= exec \"$0\"", try ProductsDirectory.executable(example.name)]
        )
        #expect(try output.split(separator: "\n").map(String.init).sorted() == example.output)
    }

    @Test(
        "One whose broker is not there ends with one line and status 3",
        arguments: Example.all
    )
    func unreachable(_ example: Example) async throws {
        let child = try ChildProcess(
            try ProductsDirectory.executable(example.name),
            example.file.map { [example.folder.appendingPathComponent($0).path] } ?? [],
            environment: ["WARREN_BROKER": "amqp://guest:guest@127.0.0.1:1"]
        )
        child.closeInput()
        #expect(try await child.waitForExit(timeout: .seconds(30)) == .code(3))
        let lines = try await child.remainingErrors().split(separator: "\n")
        #expect(lines.count == 1 && lines[0].hasPrefix("\(example.name): connection-lost"), "\(lines)")
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
