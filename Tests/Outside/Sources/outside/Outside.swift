internal import AgentExchange
internal import CountingExchange
internal import ExchangeConformance
internal import Foundation
internal import InProcessExchange
internal import Logging
internal import MemoryExchange

/// Runs the conformance suite on exchanges that were written outside of Warren's package. The exit status is 1 when a case
/// failed.
@main
enum Outside {
    static func main() async {
        async let memory = passesInMemory()
        async let counted = passesCounted(.zero)
        async let delayed = passesCounted(.milliseconds(1))
        let passed = [await memory, await counted, await delayed, await TenantMark.marksCalls(), articleHasThisCode()]
        exit(passed.contains(false) ? 1 : 0)
    }

    private static func passesInMemory() async -> Bool {
        let withoutStandby = Set<ExchangeCapability>.all.subtracting([
            .standby, .principals, .topics, .groups, .delays, .series,
        ])
        return await passes("an exchange in memory", MemoryExchange(), withoutStandby)
    }

    private static func passesCounted(_ delay: Duration) async -> Bool {
        let logger = Logger(label: "outside") { _ in SwiftLogNoOpLogHandler() }
        let counting = CountingExchange(InProcessExchange(logger: logger), delay: delay)
        let passed = await passes(
            "the in-process exchange, counted and delayed by \(delay)",
            counting,
            .all.subtracting([.principals])
        )
        let counter = counting.counter
        print("\(counter.sent) messages sent, \(counter.received) received")
        return passed && counter.sent > 1000 && counter.received > 1000
    }

    /// Whether each line of Swift in the article "Writing an exchange" is in this package.
    private static func articleHasThisCode() -> Bool {
        let package = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
        let article = package.appending(path: "../../Sources/AgentExchange/AgentExchange.docc/WritingAnExchange.md")
        let folder = package.appending(path: "Sources")
        let names = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
        let sources = names.filter { $0.hasSuffix(".swift") }.map { folder.appending(path: $0) }
        let known = Set(sources.flatMap(lines))
        var (isCode, count, missing) = (false, 0, [String]())
        for line in lines(of: article) {
            if line.hasPrefix("```") {
                isCode = line == "```swift"
            } else if isCode {
                count += 1
                if !known.contains(line) { missing.append(line) }
            }
        }
        for line in missing { print("In the article, and not in this package: \(line)") }
        return count > 0 && missing.isEmpty
    }

    private static func lines(of file: URL) -> [String] {
        guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
        return text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    }

    /// Runs the suite. The second factory joins as that of another process would.
    private static func passes<Factory: ExchangeFactory>(
        _ title: String,
        _ factory: Factory,
        _ capabilities: Set<ExchangeCapability>
    ) async -> Bool {
        guard let data = try? JSONEncoder().encode(factory),
            let other = try? JSONDecoder().decode(Factory.self, from: data)
        else {
            print("\(title): its factory can't be encoded and decoded")
            return false
        }
        let environment = ConformanceEnvironment(
            factory: factory,
            otherFactory: other,
            capabilities: capabilities,
            timeout: .seconds(60),
            scale: .quick
        )
        let results = await ExchangeConformance.run(on: environment, width: 16)
        let failed = results.filter { $0.failure != nil }
        let notRun = results.count { $0.reasonNotRun != nil }
        let run = results.count - notRun
        print("\(title): \(run - failed.count) of \(run) cases passed, \(notRun) not run")
        for result in failed { print(result) }
        return failed.isEmpty
    }
}
