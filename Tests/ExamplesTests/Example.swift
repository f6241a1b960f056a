import ExchangeTestKit
import Foundation
import Testing

/// A program in `examples`, and what it prints: the code block of its README.
struct Example: Sendable, CustomTestStringConvertible {
    let name: String

    static let processes = Example(name: "processes")
    static let withoutBroker = ["actor-client", "agent-loop", "agent-to-agent", "discovery"].map(Example.init)
    static let all = withoutBroker + [processes]

    var testDescription: String { name }

    /// What its README says that it prints: the lines after the one that begins with `$`.
    var output: String {
        get throws {
            var folder = URL(fileURLWithPath: #filePath)
            for _ in 0..<3 { folder.deleteLastPathComponent() }
            let file = folder.appendingPathComponent("examples/\(name)/README.md")
            let text = try String(contentsOf: file, encoding: .utf8)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            let command = try #require(lines.firstIndex { $0.hasPrefix("$ ") && $0.hasSuffix("swift run \(name)") })
            return lines[(command + 1)...].prefix { $0 != "```" }.joined(separator: "\n")
        }
    }

    /// Runs it to its end and returns its standard output.
    func run(broker: String) async throws -> String {
        try await ChildProcess.run(
            try ProductsDirectory.executable(name),
            environment: ["WARREN_BROKER": broker],
            timeout: .seconds(60)
        )
    }
}
