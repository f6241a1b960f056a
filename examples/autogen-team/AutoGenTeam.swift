import AgentExchange
import Foundation
import RabbitMQExchange

/// A worker in Swift, and a job for it and for a worker in Python.
///
///     autogen-team worker                      the worker; it says "ready"
///     autogen-team job FILE LANGUAGE PROCESS   the job, which kills that process half way
///
/// The broker is in WARREN_BROKER, the namespace in WARREN_NAMESPACE. The status of the job is 0 only if each word was counted.
@main
struct AutoGenTeam {
    static func main() async {
        await runProgram { try await run(Array(CommandLine.arguments.dropFirst())) }
    }

    private static func run(_ arguments: [String]) async throws {
        guard let broker = RabbitMQExchange.environmentURL else { fail("WARREN_BROKER is not set") }
        let namespace = RabbitMQExchange.environmentNamespace ?? "examples"
        let exchange = try RabbitMQExchange(url: broker, namespace: namespace)
        switch (arguments.first, arguments.count) {
        case ("worker", 1):
            try await Counter.run(on: exchange) { say("ready") }
        case ("job", 4):
            guard let process = Int32(arguments[3]), process > 0 else { fail("\(arguments[3]) is no process") }
            let text = try String(contentsOfFile: arguments[1], encoding: .utf8)
            let victim = Job.Victim(language: arguments[2], process: process)
            let job = try await Job(of: text, killing: victim, on: exchange)
            let isRight = judge(try await job.run(say), of: job)
            if !isRight { exit(1) }
        default:
            fail("usage: autogen-team worker | job FILE LANGUAGE PROCESS")
        }
    }

    /// Compares the outcome with a plain count, and prints it.
    private static func judge(_ outcome: Job.Outcome, of job: Job) -> Bool {
        let plain = job.chapters.map { Team.count($0.text) }
        let counts = outcome.counts
        for language in ["Python", "Swift"] {
            let own = counts.filter { $0.language == language }
            say("\(language): \(own.count) chapters, \(own.map(\.words).reduce(0, +)) words")
        }
        let hasAll = counts.map(\.number) == job.chapters.map(\.number)
        let isEqual = counts.map(\.words) == plain
        let wasTold = plain.indices.allSatisfy { outcome.events[$0] == [plain[$0]] }
        let isMixed = Set(counts.map(\.language)).count == 2
        say("\(counts.map(\.words).reduce(0, +)) words with the team, \(plain.reduce(0, +)) with a plain count")
        if hasAll, isEqual, wasTold, isMixed {
            say("right: each chapter was answered once, and each one's event has come")
            return true
        }
        if !hasAll { say("wrong: \(counts.count) answers to \(job.chapters.count) chapters") }
        if !isEqual { say("wrong: the counts differ") }
        if !wasTold { say("wrong: \(outcome.events.count) events came, or with other counts") }
        if !isMixed { say("wrong: one worker has answered all") }
        return false
    }

    /// Writes a line that is read at once.
    private static func say(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }

    private static func fail(_ line: String) -> Never {
        FileHandle.standardError.write(Data("autogen-team: \(line)\n".utf8))
        exit(2)
    }
}
