import AgentExchange
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
    /// - Throws: ``CommandFailure`` for an invalid URL, and when the broker's user has no password here.
    func api(_ options: CommonOptions) async throws -> ManagementAPI? {
        let variable = ProcessInfo.processInfo.environment["WARREN_MANAGEMENT"] ?? ""
        guard let text = management ?? (variable.isEmpty ? nil : variable) else { return nil }
        let exchange = try options.exchange()
        let api = try await ManagementAPI(url: text, virtualHost: exchange.virtualHost) {
            do throws(ExchangeError) {
                if let login = try await exchange.login() { return login }
            } catch {
                throw CommandFailure(error)
            }
            let message = "the broker's user logs in with a certificate: the management plugin needs a user in its URL"
            throw CommandFailure(message, code: "usage", status: ExitStatus.usage)
        }
        guard let api else {
            let message = "the URL of the management plugin is not valid: it is http://host:15672 or https://…"
            throw CommandFailure(message, code: "usage", status: ExitStatus.usage)
        }
        return api
    }

    /// Returns the API of a command that can't do without.
    ///
    /// - Throws: ``CommandFailure`` without a URL, and for an invalid one.
    func required(_ options: CommonOptions) async throws -> ManagementAPI {
        guard let api = try await api(options) else {
            let message = "the URL of the management plugin is missing: --management, or WARREN_MANAGEMENT"
            throw CommandFailure(message, code: "usage", status: ExitStatus.usage)
        }
        return api
    }

    /// Returns the facts of the plugin, or `nil` without a URL.
    ///
    /// - Throws: ``CommandFailure`` when it can't be reached or refuses.
    func facts(_ options: CommonOptions, namespace: String? = nil) async throws -> ManagementFacts? {
        guard let api = try await api(options) else { return nil }
        return try await api.facts(namespace: namespace ?? options.chosenNamespace)
    }
}
