import AgentExchange
import ArgumentParser
import Foundation

/// `warren call`.
struct CallCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "call",
        abstract: "Runs an action of an agent and prints its result.",
        discussion: """
            Arguments are JSON; a text needs its quotes, and a shell needs others around them. After -- an argument may \
            begin with a dash. A result in JSON is printed as it came. With --stream the parts of a streamed result are \
            printed as they come, one on a line.

            EXAMPLE
              warren call hits add 5
              warren call echo-1 echo '"hello"' --deadline 2s
              warren call echo-1 stream 3 --stream
            """
    )

    @OptionGroup var options: CommonOptions

    @Argument(help: ArgumentHelp("UUID, base32 or display name.", valueName: "id"))
    var agent: EntityArgument

    @Argument(help: "The action.")
    var action: String

    @Argument(help: ArgumentHelp("Its arguments.", valueName: "json"))
    var arguments: [String] = []

    @Option(help: ArgumentHelp("How long it may take: 500ms, 5s, 2m.", valueName: "time"))
    var deadline = TimeSpan.seconds(60)

    @Flag(help: "Print the parts of a streamed result.")
    var stream = false

    func validate() throws {
        guard (1...255).contains(action.utf8.count) else { throw ValidationError("an action has 1 to 255 bytes") }
        for argument in arguments where JSONText(Data(argument.utf8)) == nil {
            let shown = argument.printable.truncated(to: 40)
            throw ValidationError("the argument \(shown) is not JSON; a text is written '\"\(shown)\"'")
        }
    }

    /// The arguments as they were written, so that no number changes.
    private var payload: ActionArguments {
        let text = "{\"positional\":[\(arguments.joined(separator: ","))]}"
        return ActionArguments(payload: Payload(contentType: "application/json", bytes: Data(text.utf8)))
    }

    func execute(_ console: Console) async throws {
        let limit = deadline.duration
        try await options.withUser { client in
            let id = try await agent.resolveAgent(client)
            let handle = client.handle(to: id)
            if stream {
                var number = 0
                for try await part in handle.stream(action, payload, deadline: limit) {
                    try printPart(part, number, console)
                    number += 1
                }
                return
            }
            let start = ContinuousClock.now
            let payload = try await handle.action(action, payload, deadline: limit)
            try printResult(payload, of: id, start.duration(to: .now), console)
        }
    }

    private func printPart(_ part: Payload, _ number: Int, _ console: Console) throws {
        if console.json {
            let value = part.json
            try console.raw(
                JSONLine.object(["part": "\(number)", "value": value, "base64": value == nil ? part.base64 : nil])
            )
        } else {
            try console.line(part.text)
        }
    }

    private func printResult(_ payload: Payload?, of id: AgentID, _ time: Duration, _ console: Console) throws {
        if console.json {
            let value = payload?.json
            let result = [
                "id": JSONLine.text(id.uuid.lowercased),
                "action": JSONLine.text(action),
                "milliseconds": JSONLine.text(time.milliseconds),
                "result": value,
                "base64": value == nil ? payload?.base64 : nil,
            ]
            try console.raw(JSONLine.object(result))
        } else if let payload {
            try console.line(payload.text)
        }
    }
}

extension Payload {
    /// The value as it was received, on one line, if it is JSON.
    fileprivate var json: String? { isJSON ? JSONText(bytes)?.line : nil }

    /// The bytes as a JSON text.
    fileprivate var base64: String { JSONLine.text(bytes.base64EncodedString()) }

    /// The bytes as text, or their size if they are not text.
    fileprivate var text: String { String(validating: bytes, as: UTF8.self) ?? "(\(description))" }
}
