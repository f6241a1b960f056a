import ExchangeTestKit
import Foundation
import Testing

/// What the examples with several processes do when one of them is killed.
@Suite(
    "The examples with several processes",
    .serialized,
    .enabled(if: PrivateBroker.isInstalled, Comment(rawValue: PrivateBroker.missingReason))
)
struct ProcessTests {
    /// How often the sample is in the log of these tests: long enough to kill somebody meanwhile.
    private static let copies = 500

    private let directory: TemporaryDirectory
    private let log: String

    init() throws {
        directory = try TemporaryDirectory()
        let sample = Example.logTriage.folder.appendingPathComponent("sample.log")
        let text = try String(contentsOf: sample, encoding: .utf8)
        log = try directory.write(String(repeating: text, count: Self.copies), to: "long.log")
    }

    @Test("A killed worker of log-triage is started again by nobody's hand, and every line is classified once")
    func killedWorker() async throws {
        let first = try await start("log-triage", log)
        let workers = try await eventually("the workers") { () -> [Int32]? in
            let workers = Self.children(of: first.id)
            return workers.count == 3 ? workers : nil
        }
        for number in 1...3 { #expect(try await first.nextLine() == "classifier-\(number) comes") }
        let victim = try #require(workers.last)
        try await eventually("the worker to have begun") { () async throws -> Bool in Self.threads(of: victim) > 4 }
        kill(victim, SIGKILL)
        let output = try await first.remainingOutput(timeout: .seconds(120)).split(separator: "\n")
        #expect(try await first.waitForExit() == .code(0))
        #expect(output.contains { $0.hasSuffix("ended with 9, and is started again") }, "\(output)")
        let counts = try Example.logTriage.output.filter { $0.hasPrefix("  ") }
        for line in counts {
            let parts = line.split(separator: " ")
            let count = try #require(Int(parts[1])) * Self.copies
            #expect(output.contains("  \(parts[0]) \(count)"), "\(parts[0])")
        }
    }

    @Test("No process of an example outlives its first one, also when that is killed")
    func killedParent() async throws {
        let first = try await start("log-triage", log)
        let workers = try await eventually("the workers") { () -> [Int32]? in
            let workers = Self.children(of: first.id)
            return workers.count == 3 ? workers : nil
        }
        _ = try await first.nextLine()
        first.signal(SIGKILL)
        try await first.waitForExit()
        try await eventually("the workers to end", timeout: .seconds(20)) {
            workers.allSatisfy { !Self.isRunning($0) }
        }
    }

    private func start(_ name: String, _ arguments: String...) async throws -> ChildProcess {
        let broker = try await PrivateBroker.shared()
        return try ChildProcess(
            try ProductsDirectory.executable(name),
            arguments,
            environment: ["WARREN_BROKER": broker.amqpURL]
        )
    }

    /// The fields of `/proc/PID/stat` after the name: state, parent, …
    private static func fields(_ process: Int32) -> [Substring] {
        guard let stat = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            let end = stat.lastIndex(of: ")")
        else { return [] }
        return stat[stat.index(after: end)...].split(separator: " ")
    }

    private static func children(of parent: Int32) -> [Int32] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { Int32($0) }.filter { Self.fields($0).dropFirst().first == "\(parent)" }.sorted()
    }

    private static func threads(of process: Int32) -> Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task").count) ?? 0
    }

    /// Not gone, and not a zombie that nobody has waited for.
    private static func isRunning(_ process: Int32) -> Bool {
        let fields = fields(process)
        return !fields.isEmpty && fields[0] != "Z"
    }
}
