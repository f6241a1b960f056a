import AgentExchange
import ArgumentParser
import Foundation

/// `warren activity`.
struct ActivityCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "activity",
        abstract: "Shows the actions that an agent runs, and the last ones that it ended.",
        discussion: """
            The agent's process is asked past the requests that wait in its mailbox, so a busy agent answers too. It tells no \
            arguments, results or error texts, and counts from its start. An agent without a process does not answer, and \
            one of an older version refuses; each is status 1.

            EXAMPLE
              warren activity hits
              warren activity hits --json | jq '.running[] | select(.attempt > 1)'
            """
    )

    @OptionGroup var options: CommonOptions

    @Argument(help: ArgumentHelp("UUID, base32 or display name.", valueName: "id"))
    var agent: EntityArgument

    @Option(help: "The number of ended actions to show, 0 to 1,000.")
    var last = 10

    @Option(help: ArgumentHelp("The time limit of the question.", valueName: "time"))
    var deadline = TimeSpan.seconds(5)

    func validate() throws {
        guard (0...ClientConfiguration.maximumActivityHistory).contains(last) else {
            throw ValidationError("--last is 0 to 1,000")
        }
    }

    private struct Report: Encodable {
        let id: String
        let runningCount: Int
        let running: [ServedAction]
        let failures: [ServedAction]
        let finished: [ServedAction]
    }

    func execute(_ console: Console) async throws {
        let (id, activity) = try await options.withVisitor { client in
            let id = try await agent.resolveAgent(client)
            return (id, try await client.handle(to: id).activity(deadline: deadline.duration))
        }
        if console.json {
            let report = Report(
                id: id.uuid.lowercased,
                runningCount: activity.runningCount,
                running: activity.running,
                failures: activity.failures,
                finished: activity.finished
            )
            return try console.object(report)
        }
        try console.line("\(activity.runningCount) running")
        try show(activity.running, "FOR", "LEFT", to: console) { [age($0.began), $0.deadline.map(left) ?? "-"] }
        let more = activity.runningCount - activity.running.count
        if more > 0 { console.note("and \(more) more, all newer") }
        try console.line("the last failures")
        try show(activity.failures.prefix(last), "AGO", "ERROR", to: console) {
            [$0.ended.map(age) ?? "-", error(of: $0)]
        }
        try console.line("the last that ended")
        try show(activity.finished.prefix(last), "AGO", "ERROR", to: console) {
            [$0.ended.map(age) ?? "-", error(of: $0)]
        }
    }

    private func show(
        _ actions: some Sequence<ServedAction>,
        _ titles: String...,
        to console: Console,
        _ columns: (ServedAction) -> [String]
    ) throws {
        let rows = actions.map { [$0.tag.lowercased, $0.action, $0.source.description, "\($0.attempt)"] + columns($0) }
        if rows.isEmpty { return }
        let fixed: [Table.Column] = [.fixed("TAG"), .flexible("ACTION"), .flexible("SOURCE"), .number("ATTEMPT")]
        try console.table(Table(fixed + titles.map(Table.Column.fixed), rows: rows))
    }

    private func age(_ time: Date) -> String { seconds(-time.timeIntervalSinceNow).map(MailboxLine.age) ?? "-" }

    private func left(_ deadline: Date) -> String {
        guard let left = seconds(deadline.timeIntervalSinceNow) else { return "-" }
        return left > 0 ? MailboxLine.age(left) : "over"
    }

    private func seconds(_ interval: TimeInterval) -> Int? { Int(exactly: max(0, interval).rounded(.down)) }

    private func error(of action: ServedAction) -> String {
        guard let code = action.code else { return "-" }
        return [code.rawValue, action.errorType].compactMap(\.self).joined(separator: " ")
    }
}
