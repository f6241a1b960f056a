import ChaosLedger
import ExchangeTestKit
import Foundation

/// Runs agents and requesters as processes on a real broker, breaks what can break, and checks what they wrote down.
///
/// The exit status is 0 when every promise held, 1 when one did not, 2 when the run itself failed.
@main
enum Chaos {
    static func main() async {
        if CommandLine.arguments.dropFirst().first == "member" {
            await Member.run()
            return
        }
        guard let options = Options(CommandLine.arguments.dropFirst()) else {
            say(Options.usage)
            exit(2)
        }
        do {
            try await exit(run(options))
        } catch {
            say("the run failed: \(error)")
            exit(2)
        }
    }

    private static func run(_ options: Options) async throws -> Int32 {
        if let directory = options.check { return try judge(directory, options) }
        let directory = try options.directory ?? newDirectory(options.seed)
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        if !options.isJSON { say("chaos: seed \(options.seed), \(options.minutes) minutes, ledgers in \(directory)") }
        let run = try await ChaosRun(options, directory)
        try await run.run()
        let status = try judge(directory, options)
        if status == 0, options.directory == nil { try FileManager.default.removeItem(atPath: directory) }
        return status
    }

    /// Longer than any run.
    static let longest = Duration.seconds(36_000)

    /// Writes a line that is read at once.
    static func say(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }

    private static func newDirectory(_ seed: UInt64) throws -> String {
        let name = "warren-chaos-\(seed)-\(getpid())"
        return FileManager.default.temporaryDirectory.appendingPathComponent(name).path
    }

    private static func judge(_ directory: String, _ options: Options) throws -> Int32 {
        var limits = CheckLimits()
        limits.renews = options.renews
        let verdict = try LedgerCheck(LedgerReader.events(in: directory), limits: limits).verdict()
        if options.isJSON {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            say(String(decoding: try encoder.encode(verdict), as: UTF8.self))
        } else {
            say(verdict.table)
        }
        if verdict.violations.isEmpty {
            if !options.isJSON { say("every promise held") }
            return 0
        }
        if !options.isJSON {
            say("\(verdict.violations.count) violations; seed \(options.seed), ledgers kept in \(directory)")
        }
        return 1
    }
}
