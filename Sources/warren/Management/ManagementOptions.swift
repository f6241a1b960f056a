import ArgumentParser
import Foundation
import RabbitMQExchange

/// The URL of the broker's management plugin, for commands that report more with it.
struct ManagementOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "The management plugin, such as http://host:15672, or WARREN_MANAGEMENT; with the broker's user.",
            valueName: "url"
        )
    )
    var management: String?

    /// Returns the API to ask, or `nil` without a URL.
    ///
    /// - Throws: ``CommandFailure`` for an invalid URL.
    func api(_ options: CommonOptions) throws -> ManagementAPI? {
        let variable = ProcessInfo.processInfo.environment["WARREN_MANAGEMENT"] ?? ""
        guard let text = management ?? (variable.isEmpty ? nil : variable) else { return nil }
        let virtualHost = try options.exchange().virtualHost
        guard let api = ManagementAPI(url: text, brokerURL: options.brokerURL, virtualHost: virtualHost) else {
            let message = "the URL of the management plugin is not valid: it is http://host:15672 or https://…"
            throw CommandFailure(message, code: "usage", status: ExitStatus.usage)
        }
        return api
    }

    /// Returns the API of a command that can't do without.
    ///
    /// - Throws: ``CommandFailure`` without a URL, and for an invalid one.
    func required(_ options: CommonOptions) throws -> ManagementAPI {
        guard let api = try api(options) else {
            let message = "the URL of the management plugin is missing: --management, or WARREN_MANAGEMENT"
            throw CommandFailure(message, code: "usage", status: ExitStatus.usage)
        }
        return api
    }

    /// Returns the facts of the plugin, or `nil` without a URL.
    ///
    /// - Throws: ``CommandFailure`` when it can't be reached or refuses.
    func facts(_ options: CommonOptions, namespace: String? = nil) async throws -> ManagementFacts? {
        guard let api = try api(options) else { return nil }
        return try await api.facts(namespace: namespace ?? options.chosenNamespace)
    }
}
