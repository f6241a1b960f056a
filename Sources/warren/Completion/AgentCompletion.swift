import AgentExchange
import ArgumentParser
import Foundation
import RabbitMQExchange

/// The agents that a shell offers for an argument.
///
/// A shell must neither wait nor show an error: without a broker, and for a broker that is slow or refuses, nothing is offered.
enum AgentCompletion {
    /// The time until nothing is offered: 1.5 s, or `WARREN_COMPLETION_DEADLINE`, at most a minute.
    static func deadline(_ environment: [String: String]) -> Duration {
        let chosen = environment["WARREN_COMPLETION_DEADLINE"].flatMap(TimeSpan.init(argument:))
        return min(chosen?.duration ?? .milliseconds(1500), .seconds(60))
    }

    /// The number of words that are offered at most.
    static let limit = 500

    static let kind = CompletionKind.custom { words, _, prefix in
        await candidates(words, prefix)
    }

    private static func candidates(_ words: [String], _ prefix: String) async -> [String] {
        // A look-up of an address, for example, can't be cancelled.
        let timer = DispatchSource.makeTimerSource()
        timer.setEventHandler { _exit(ExitStatus.done) }
        timer.schedule(deadline: .now() + deadline(ProcessInfo.processInfo.environment) / .seconds(1))
        timer.resume()
        let agents = try? await options(words)?.withAdministration { try await $0.agents() }
        timer.cancel()
        return Self.words((agents ?? []).map(\.agentID), prefix: prefix)
    }

    /// Reads the broker and the namespace of a command line that is not finished.
    ///
    /// - Returns: `nil` when one of them has no value yet.
    static func options(_ words: [String]) -> CommonOptions? {
        var arguments: [String] = []
        for name in ["--broker", "--namespace"] {
            if let word = words.last(where: { $0.hasPrefix(name + "=") }) {
                arguments += [name, unquoted(word.dropFirst(name.count + 1))]
            } else if let index = words.lastIndex(of: name) {
                guard words.indices.contains(index + 1) else { return nil }
                // Bash takes --broker=URL apart.
                let value = words[index + 1] == "=" ? index + 2 : index + 1
                guard words.indices.contains(value) else { return nil }
                arguments += [name, unquoted(words[value][...])]
            }
        }
        return try? CommonOptions.parse(arguments)
    }

    /// Returns the words for agents: the name of each agent that alone has it, else the id.
    ///
    /// Services that register agents choose their names, and shells expand words: a name with other characters than ASCII letters,
    /// digits and `-_.@+/` is never offered.
    static func words(_ agents: [AgentID], prefix: String) -> [String] {
        let prefix = unquoted(prefix[...])
        var counts: [String: Int] = [:]
        for agent in agents { counts[agent.name ?? "", default: 0] += 1 }
        let words = agents.map { agent in
            guard let name = agent.name, counts[name] == 1, isPlain(name) else { return agent.uuid.lowercased }
            return name
        }
        return Array(words.filter { $0.hasPrefix(prefix) }.sorted().prefix(limit))
    }

    private static func isPlain(_ name: String) -> Bool {
        name.wholeMatch(of: /[A-Za-z0-9_][A-Za-z0-9_.@+\/-]*/) != nil
    }

    /// Removes the quotes around a word, of which the second may be missing.
    private static func unquoted(_ word: Substring) -> String {
        guard let quote = word.first, quote == "\"" || quote == "'" else { return String(word) }
        let rest = word.dropFirst()
        return String(rest.last == quote ? rest.dropLast() : rest)
    }
}
