import AgentExchange
import ArgumentParser
import Foundation
import RabbitMQExchange

/// `warren failed`.
struct FailedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "failed",
        abstract: "Lists, shows, sends again, exports or removes failed requests that agents kept.",
        discussion: """
            EXAMPLE
              warren failed list --agent till-1
              warren failed show 1f0e
              warren failed replay --code remote
              warren failed export --all > failed.jsonl
              warren failed drop --all
            """,
        subcommands: [
            FailedList.self, FailedShow.self, FailedReplay.self, FailedExport.self, FailedDrop.self,
        ]
    )
}

/// The failed requests that a command concerns.
struct FailedSelection: ParsableArguments, Sendable {
    @Argument(
        help: ArgumentHelp(
            "The ids of requests, or how they begin (4 characters or more).",
            valueName: "request"
        )
    )
    var ids: [String] = []

    @Option(help: ArgumentHelp("Only requests to this agent.", valueName: "id"))
    var agent: EntityArgument?

    @Option(help: ArgumentHelp("Only requests for this action.", valueName: "name"))
    var action: String?

    @Option(help: ArgumentHelp("Only errors with this code, such as remote.", valueName: "code"))
    var code: String?

    @Flag(help: "Select all failed requests.")
    var all = false

    func validate() throws {
        for id in ids where id.count < 4 {
            throw ValidationError("\(id.printable) is too short: 4 characters or more")
        }
    }

    /// - Throws: `ValidationError` when nothing selects.
    func requireSelection() throws {
        guard all || !ids.isEmpty || agent != nil || action != nil || code != nil else {
            throw ValidationError("name requests by their ids, by --agent, --action or --code, or --all")
        }
    }

    /// Returns the condition of the selection.
    func condition(_ administration: ExchangeAdministration) async throws
        -> @Sendable (ParkedMessage) -> Bool
    {
        var destination: String?
        if let agent {
            let id = try await agent.resolve(administration)
            destination = "\(id.role.rawValue):\(id.uuid.lowercased)"
        }
        return { [ids, action, code, destination] message in
            (ids.isEmpty || ids.contains { message.id.hasPrefix($0) })
                && (destination == nil || message.destination == destination)
                && (action == nil || message.headers["warren-action"] == action)
                && (code == nil || message.headers["warren-error-code"] == code)
        }
    }
}

struct FailedList: Command {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists failed requests, oldest first.",
        discussion: """
            EXAMPLE
              warren failed list --limit 20
            """
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var selection: FailedSelection

    @Option(help: "The maximum number of requests.")
    var limit = 100

    func validate() throws {
        guard limit >= 1 else { throw ValidationError("--limit is at least 1") }
    }

    func execute(_ console: Console) async throws {
        let messages = try await options.withAdministration { administration in
            let condition = try await selection.condition(administration)
            return try await administration.failed(limit: limit, where: condition)
        }
        let lines = messages.map { FailedLine($0, withBody: false) }
        let table = Table(
            .fixed("REQUEST"),
            .flexible("FAILED"),
            .flexible("AGENT"),
            .flexible("ACTION"),
            .flexible("CODE"),
            .flexible("ERROR"),
            rows: lines.map {
                [
                    $0.id, $0.failed ?? "-", $0.destination ?? "-", $0.action ?? "-", $0.code ?? "-",
                    $0.error ?? "-",
                ]
            }
        )
        try console.show(lines, table)
    }
}

struct FailedShow: Command {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Shows failed requests with their arguments.",
        discussion: """
            EXAMPLE
              warren failed show 1f0e
            """
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var selection: FailedSelection

    func execute(_ console: Console) async throws {
        try selection.requireSelection()
        let messages = try await options.withAdministration { administration in
            let condition = try await selection.condition(administration)
            return try await administration.failed(limit: .max, where: condition)
        }
        let lines = messages.map { FailedLine($0, withBody: true) }
        if console.json { return try console.object(lines) }
        for line in lines {
            try console.line("request      \(line.id)")
            try console.line("failed       \(line.failed ?? "-")")
            try console.line("agent        \(line.destination ?? "-")")
            try console.line("requester    \(line.source ?? "-")")
            try console.line("action       \(line.action ?? "-")")
            try console.line("attempt      \(line.attempt ?? "-")")
            try console.line("error        \(line.code ?? "-") \(line.type ?? "")")
            try console.line("             \(line.error ?? "")")
            try console.line("arguments    \(line.contentType ?? "no content type"), \(line.bytes) bytes")
            try console.line(line.text ?? line.base64 ?? "")
        }
    }
}

struct FailedReplay: Command {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Sends failed requests again, as often as wanted.",
        discussion: """
            Each is a new request, and stays among the failed ones until it is dropped. This command waits for the answers \
            and prints them; with --answer-to-requester each goes to the mailbox of its former requester. A request that \
            fails again is kept again, if its agent keeps such.

            EXAMPLE
              warren failed replay 1f0e
              warren failed replay --agent till-1 --answer-to-requester
            """
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var selection: FailedSelection

    @Option(help: ArgumentHelp("How long each may take: 500ms, 5s, 2m.", valueName: "time"))
    var deadline = TimeSpan.seconds(60)

    @Flag(help: "Send the answers to the former requesters.")
    var answerToRequester = false

    func execute(_ console: Console) async throws {
        try selection.requireSelection()
        let messages = try await options.withAdministration { administration in
            let condition = try await selection.condition(administration)
            guard answerToRequester else {
                return try await administration.failed(limit: .max, where: condition)
            }
            let count = try await administration.replayFailed(where: condition)
            if console.json {
                try console.object(["sent": count])
            } else {
                try console.line("\(count) sent again")
            }
            return []
        }
        if answerToRequester { return }
        let failures = try await options.withUser { client in
            var failures = 0
            for message in messages where try await !replay(message, client, console) { failures += 1 }
            return failures
        }
        if failures > 0 {
            throw CommandFailure("\(failures) of \(messages.count) requests failed again", code: "failed")
        }
    }

    /// Returns whether the request succeeded.
    private func replay(_ message: ParkedMessage, _ client: UserExchangeClient, _ console: Console)
        async throws -> Bool
    {
        guard let action = message.headers["warren-action"], message.body.count == message.size,
            let agent = message.destination.flatMap(EntityArgument.init(argument:))?.id?.agentID
        else {
            try console.line(
                "\(message.id) can't be sent again: it is too large, or no action of an agent"
            )
            return false
        }
        let payload = Payload(
            contentType: message.contentType ?? "application/json",
            bytes: message.body
        )
        do throws(ExchangeError) {
            let result = try await client.handle(to: agent).action(
                action,
                ActionArguments(payload: payload),
                deadline: deadline.duration
            )
            let text = result.flatMap { String(validating: $0.bytes, as: UTF8.self) }
            try? console.line("\(message.id) \(text ?? "done")")
            return true
        } catch {
            if error.code == .cancelled { throw CancellationError() }
            try console.line("\(message.id) failed: \(error.description.printable)")
            return false
        }
    }
}

struct FailedExport: Command {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Prints failed requests with their arguments as JSON, one on a line.",
        discussion: """
            EXAMPLE
              warren failed export --all > failed.jsonl
            """
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var selection: FailedSelection

    func execute(_ console: Console) async throws {
        try selection.requireSelection()
        let messages = try await options.withAdministration { administration in
            let condition = try await selection.condition(administration)
            return try await administration.failed(limit: .max, where: condition)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        for message in messages {
            try console.raw(
                String(decoding: encoder.encode(FailedLine(message, withBody: true)), as: UTF8.self)
            )
        }
    }
}

struct FailedDrop: Command {
    static let configuration = CommandConfiguration(
        commandName: "drop",
        abstract: "Removes failed requests permanently.",
        discussion: """
            EXAMPLE
              warren failed drop --all
            """
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var selection: FailedSelection

    func execute(_ console: Console) async throws {
        try selection.requireSelection()
        let count = try await options.withAdministration { administration in
            let condition = try await selection.condition(administration)
            return try await administration.dropFailed(where: condition)
        }
        if console.json {
            try console.object(["dropped": count])
        } else {
            try console.line("\(count) dropped")
        }
    }
}
