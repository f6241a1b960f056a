#if Macros
    import ExchangeTestKit
    import Foundation
    import Testing

    /// The first agent of a newcomer, in a process of its own.
    @Suite("The example with the macro")
    struct TillTests {
        private static let example = Example(name: "till")

        @Test("Agent and caller take at most 60 lines")
        func length() throws {
            let file = Self.example.folder.appendingPathComponent("Till.swift")
            let lines = try String(contentsOf: file, encoding: .utf8).split(
                separator: "\n",
                omittingEmptySubsequences: false
            )
            #expect(lines.dropLast().count <= 60)
        }

        @Test(
            "The agent answers a caller in another process until a signal stops it",
            .enabled(if: PrivateBroker.isInstalled, Comment(rawValue: PrivateBroker.missingReason))
        )
        func answers() async throws {
            let broker = try await PrivateBroker.shared()
            let agent = try ChildProcess(
                try ProductsDirectory.executable("till"),
                ["serve"],
                environment: ["WARREN_BROKER": broker.amqpURL]
            )
            let caller = try ChildProcess(
                try ProductsDirectory.executable("till"),
                environment: ["WARREN_BROKER": broker.amqpURL]
            )
            caller.closeInput()
            let output = try await caller.remainingOutput(timeout: .seconds(60))
            #expect(try await caller.waitForExit() == .code(0), "\(caller.standardError)")
            let page = Self.example.folder.appendingPathComponent("README.md")
            #expect(
                try String(contentsOf: page, encoding: .utf8).contains("swift run --traits Macros till\n\(output)\n```")
            )
            agent.signal(SIGTERM)
            #expect(try await agent.waitForExit() == .code(0), "\(agent.standardError)")
        }
    }
#endif
