import AgentExchange
import ArgumentParser
import Foundation
import RabbitMQExchange

/// `warren namespace`.
struct NamespaceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "namespace",
        abstract: "Removes a whole namespace from the broker.",
        discussion: """
            EXAMPLE
              warren namespace remove bench-1f0e55aa
            """,
        subcommands: [NamespaceRemove.self]
    )
}

/// `warren namespace remove`.
struct NamespaceRemove: Command {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Lists a whole namespace, asks, and removes it permanently.",
        discussion: """
            Removes the mailboxes with their messages, the directory, dead letters, parked messages and exchanges; no \
            request is answered. Only names that begin with warren.NAME. are included. Refuses while the namespace has \
            receivers, unless --force is given. Without a terminal --yes is needed; without it the list is printed, \
            and nothing is removed.

            With --management it also finds queues that the directory does not know: those of sessions that died.

            EXAMPLE
              warren namespace remove bench-1f0e55aa
              warren namespace remove staging --yes --json
            """
    )

    // Ctrl-C leaves a prompt at once; the next run completes an interrupted removal.
    static let isCancelledBySignals = false

    @OptionGroup var options: CommonOptions
    @OptionGroup var management: ManagementOptions

    @Argument(help: "The namespace.")
    var name: String

    @Flag(help: "Do not ask.")
    var yes = false

    @Flag(help: "Remove it even when it has receivers.")
    var force = false

    private struct Line: Encodable {
        let name: String
        let messages: Int
        let consumers: Int
    }

    private struct Report: Encodable {
        let namespace: String
        let removed: Int
        let queues: [Line]
        let exchanges: [String]
    }

    func validate() throws {
        if let other = options.namespace, other != name {
            throw ValidationError("two namespaces are named: \(name.printable) and \(other.printable)")
        }
    }

    func execute(_ console: Console) async throws {
        let facts = try await management.facts(options, namespace: name)
        let contents = try await options.withAdministration(namespace: name) { try await $0.contents(facts) }
        guard !contents.isEmpty else {
            throw CommandFailure("there is nothing of a namespace \(name) on the broker", code: "not-found")
        }
        if !console.json { try list(contents, console) }
        if contents.consumers > 0, !force {
            let first = contents.queues.first { $0.consumers > 0 }?.name ?? ""
            let message = "\(contents.consumers) consumers receive in namespace \(name), the first on \(first)"
            throw CommandFailure("\(message): stop them, or use --force", code: "in-use")
        }
        if !yes { try confirm() }
        let removed = try await options.withAdministration(namespace: name) { try await $0.removeNamespace(facts) }
        if console.json {
            let lines = contents.queues.map { Line(name: $0.name, messages: $0.messages, consumers: $0.consumers) }
            let report = Report(namespace: name, removed: removed, queues: lines, exchanges: contents.exchanges)
            return try console.object(report)
        }
        try console.line("\(removed) removed")
    }

    private func list(_ contents: NamespaceContents, _ console: Console) throws {
        let queues = contents.queues.map { ["queue", $0.name, "\($0.messages)", "\($0.consumers)"] }
        let exchanges = contents.exchanges.map { ["exchange", $0, "", ""] }
        let columns: [Table.Column] = [.fixed("KIND"), .fixed("NAME"), .number("MESSAGES"), .number("CONSUMERS")]
        try console.table(Table(columns, rows: queues + exchanges))
    }

    /// Asks for the name of the namespace on the terminal.
    private func confirm() throws {
        guard isatty(STDIN_FILENO) == 1 else {
            let message = "nothing was removed: without a terminal to ask, --yes is needed"
            throw CommandFailure(message, code: "usage", status: ExitStatus.usage)
        }
        try Console.write(
            "All of this will be removed permanently. To confirm, type the name of the namespace: ",
            to: STDERR_FILENO
        )
        guard readLine() == name else { throw CommandFailure("nothing was removed", code: "cancelled") }
    }
}
