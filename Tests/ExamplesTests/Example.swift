import ExchangeTestKit
import Foundation
import Testing

/// A program in `examples`, and what it prints: the first code block of its README.
struct Example: Sendable, CustomTestStringConvertible {
    let name: String
    var file: String?

    static let processes = Example(name: "processes")
    static let logTriage = Example(name: "log-triage", file: "sample.log")
    static let withoutBroker = ["hello", "actor-client", "agent-loop", "later", "agent-to-agent", "discovery"].map {
        Example(name: $0)
    }
    static let all = withoutBroker + [processes, logTriage]

    var testDescription: String { name }

    /// What its README says that it prints: the lines after the one that begins with `$`, sorted; loops and processes
    /// that run side by side may change the order.
    var output: [String] {
        get throws {
            let text = try String(contentsOf: folder.appendingPathComponent("README.md"), encoding: .utf8)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            let command = try #require(lines.firstIndex { $0.hasPrefix("$ ") && $0.contains("swift run \(name)") })
            return lines[(command + 1)...].prefix { $0 != "```" }.map(String.init).sorted()
        }
    }

    /// Runs it to its end and returns the lines of its standard output, sorted.
    func run(broker: String) async throws -> [String] {
        let output = try await ChildProcess.run(
            try ProductsDirectory.executable(name),
            file.map { [folder.appendingPathComponent($0).path] } ?? [],
            environment: ["WARREN_BROKER": broker],
            timeout: .seconds(60)
        )
        return output.split(separator: "\n").map(String.init).sorted()
    }

    /// Where it is.
    var folder: URL {
        var folder = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { folder.deleteLastPathComponent() }
        return folder.appendingPathComponent("examples/\(name)")
    }
}
