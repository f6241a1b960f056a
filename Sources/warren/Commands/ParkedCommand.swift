import AgentExchange
import ArgumentParser
import Foundation
import RabbitMQExchange

/// `warren parked`.
struct ParkedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parked",
        abstract: "Lists, shows, replays or removes parked messages: those that could not be delivered or answered.",
        discussion: """
            EXAMPLE
              warren parked list
              warren parked show 1f0e
              warren parked replay 1f0e --to hits
              warren parked drop --all
            """,
        subcommands: [ParkedList.self, ParkedShow.self, ParkedReplay.self, ParkedDrop.self]
    )
}

/// The parked messages that a command concerns.
struct ParkedSelection: ParsableArguments, Sendable {
    @Argument(
        help: ArgumentHelp("The ids of messages, or how they begin (4 characters or more).", valueName: "message")
    )
    var ids: [String] = []

    @Flag(help: "Select all parked messages.")
    var all = false

    func validate() throws {
        guard ids.isEmpty == all else { throw ValidationError("name messages by their ids, or --all") }
        for id in ids where id.count < 4 { throw ValidationError("\(id.printable) is too short: 4 characters or more") }
    }

    /// Returns the ids of the selected messages.
    ///
    /// - Throws: ``CommandFailure`` when an argument matches no message, or more than one.
    func resolve(_ administration: ExchangeAdministration) async throws -> Set<String> {
        var known: Set<String> = []
        _ = try await administration.parked(limit: .max) {
            known.insert($0.id)
            return false
        }
        if all { return known }
        var found: Set<String> = []
        for id in ids {
            let fitting = known.filter { $0.hasPrefix(id) }
            let exact = fitting.contains(id) ? [id] : fitting
            guard let first = exact.first else {
                throw CommandFailure("no parked message has the id \(id.printable)", code: "not-found")
            }
            guard exact.count == 1 else {
                let message = "\(exact.count) parked messages have an id that begins with \(id.printable)"
                throw CommandFailure(message, code: "ambiguous")
            }
            found.insert(first)
        }
        return found
    }
}

/// A parked message in the form that `--json` prints.
struct ParkedLine: Encodable, Sendable {
    let id: String
    let kind: String?
    let reason: String
    let origin: String?
    let destination: String?
    let sent: String?
    let bytes: Int
    var headers: [String: String]?
    var contentType: String?
    var text: String?
    var base64: String?

    /// - Parameter shownBytes: The number of bytes of the body at most.
    init(_ message: ParkedMessage, withBody: Bool, shownBytes: Int = .max) {
        id = message.id
        kind = message.kind
        reason = message.reason
        origin = message.origin
        destination = message.destination
        sent = message.sent.map { $0.formatted(.iso8601) }
        bytes = message.size
        guard withBody else { return }
        headers = message.headers
        contentType = message.contentType
        let body = message.body.prefix(shownBytes)
        text = String(validating: body, as: UTF8.self)
        base64 = text == nil ? body.base64EncodedString() : nil
    }
}

struct ParkedList: Command {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists parked messages, oldest first.",
        discussion: """
            EXAMPLE
              warren parked list --limit 20
            """
    )

    @OptionGroup var options: CommonOptions

    @Option(help: "The maximum number of messages.")
    var limit = 100

    func validate() throws {
        guard limit >= 1 else { throw ValidationError("--limit is at least 1") }
    }

    func execute(_ console: Console) async throws {
        let messages = try await options.withAdministration { try await $0.parked(limit: limit) }
        let table = Table(
            .fixed("MESSAGE"),
            .flexible("KIND"),
            .flexible("DESTINATION"),
            .flexible("REASON"),
            .number("BYTES"),
            rows: messages.map { [$0.id, $0.kind ?? "-", $0.destination ?? "-", $0.reason, "\($0.size)"] }
        )
        try console.show(messages.map { ParkedLine($0, withBody: false) }, table)
    }
}

struct ParkedShow: Command {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Shows parked messages with headers and body.",
        discussion: """
            EXAMPLE
              warren parked show 1f0e
            """
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var selection: ParkedSelection

    func execute(_ console: Console) async throws {
        let messages = try await options.withAdministration { administration in
            let ids = try await selection.resolve(administration)
            return try await administration.parked(limit: .max) { ids.contains($0.id) }
        }
        if console.json { return try console.object(messages.map { ParkedLine($0, withBody: true) }) }
        for message in messages {
            try console.line("message      \(message.id)")
            try console.line("kind         \(message.kind ?? "-")")
            try console.line("reason       \(message.reason)")
            try console.line("origin       \(message.origin ?? "-")")
            try console.line("destination  \(message.destination ?? "-")")
            for header in message.headers.sorted(by: { $0.key < $1.key }) {
                try console.line("  \(header.key): \(header.value)")
            }
            try console.line("body         \(message.contentType ?? "no content type"), \(message.size) bytes")
            try console.line(String(decoding: message.body.prefix(4096), as: UTF8.self))
        }
    }
}

struct ParkedReplay: Command {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Sends parked messages again.",
        discussion: """
            Each goes to its own mailbox, or to another with --to. A message that still can't be decoded is parked \
            again.

            EXAMPLE
              warren parked replay 1f0e --to hits
            """
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var selection: ParkedSelection

    @Option(help: ArgumentHelp("The mailbox to send to, in place of the message's own.", valueName: "id"))
    var to: EntityArgument?

    func execute(_ console: Console) async throws {
        let count = try await options.withAdministration { administration in
            var target: EntityID?
            if let to { target = try await to.resolve(administration) }
            let ids = try await selection.resolve(administration)
            return try await administration.replayParked(to: target) { ids.contains($0.id) }
        }
        if console.json { try console.object(["replayed": count]) } else { try console.line("\(count) sent again") }
    }
}

struct ParkedDrop: Command {
    static let configuration = CommandConfiguration(
        commandName: "drop",
        abstract: "Removes parked messages permanently.",
        discussion: """
            EXAMPLE
              warren parked drop --all
            """
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var selection: ParkedSelection

    func execute(_ console: Console) async throws {
        let count = try await options.withAdministration { administration in
            let ids = try await selection.resolve(administration)
            return try await administration.dropParked { ids.contains($0.id) }
        }
        if console.json { try console.object(["dropped": count]) } else { try console.line("\(count) dropped") }
    }
}
