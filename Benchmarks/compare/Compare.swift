import ArgumentParser
import Foundation

/// Runs each measurement with the raw C programs and with Warren, in turns, and compares.
@main
struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Warren beside raw rabbitmq-c, on one broker, in one run.",
        discussion: "Started by Benchmarks/run.sh, which builds both sides and starts a private broker."
    )

    @Option(help: "The broker's port on 127.0.0.1; guest and guest.")
    var port: Int

    @Option(help: "The folder of the raw programs.")
    var raw: String

    @Option(help: "The program of the other side.")
    var load: String

    @Option(help: "Where the broker keeps its data; without it nothing is said of its disk.")
    var directory: String?

    @Flag(help: "Less of everything, and only the figures that can miss a goal: about four minutes.")
    var quick = false

    @Option(help: "Only measurements whose name contains this.")
    var only: String?

    @Option(help: "Where to write the figures as JSON.")
    var json: String?

    @Option(help: "Where to write the picture of the curves.")
    var picture: String?

    @Option(help: "Figures of an earlier run to compare with.")
    var baseline: String?

    @Flag(
        help: ArgumentHelp(
            "Exit with 1 when a figure misses its goal by half, or by twice what it missed it by in the earlier run.",
            discussion: "Such a figure is measured up to twice more before it counts."
        )
    )
    var strict = false

    func run() throws {
        let data = directory.map { URL(fileURLWithPath: $0) }
        let programs = Programs(port: port, rawFolder: raw, load: load, data: data)
        let earlier = try baseline.flatMap { path -> Report? in
            guard let data = FileManager.default.contents(atPath: path) else { return nil }
            return try JSONDecoder().decode(Report.self, from: data)
        }
        var report = Report(isQuick: quick)
        var failures: [String] = []
        for measurement in Measurement.all(quick: quick) {
            if let only, !measurement.name.contains(only) { continue }
            if quick, only == nil, !measurement.canFail { continue }
            if measurement.needsDisk, directory == nil { continue }
            FileHandle.standardError.write(Data("\(measurement.name) ...\n".utf8))
            var result = try measurement.result(programs)
            for _ in 0..<2 where strict && measurement.isSteady && result.isFar(after: earlier?[result.name]) {
                FileHandle.standardError.write(Data("\(measurement.name) once more ...\n".utf8))
                result = try measurement.result(programs)
            }
            // A later measurement that fails ends the run without a table.
            FileHandle.standardError.write(Data("\(Report.line(result))\n".utf8))
            if measurement.isSteady, result.isFar(after: earlier?[result.name]) { failures.append(result.name) }
            report.results.append(result)
        }
        print(report.table(earlier: earlier))
        if let json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            try encoder.encode(report).write(to: URL(fileURLWithPath: json))
        }
        if let picture { try Curves(report).svg().write(toFile: picture, atomically: true, encoding: .utf8) }
        if strict, !failures.isEmpty {
            print("Far from the goal: \(failures.joined(separator: ", "))")
            throw ExitCode.failure
        }
    }
}
