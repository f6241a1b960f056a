import ArgumentParser
import Foundation
import RabbitMQExchange

/// `warren dashboard`.
struct DashboardCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "dashboard",
        abstract: "Serves a web page of agents, live activity, requests, parked messages and failed requests.",
        discussion: """
            The first line is the URL. Every client needs the token: that of --token-file or WARREN_DASHBOARD_TOKEN, 16 to 512 \
            characters; on loopback a new one without either, which is a part of the URL then. Beyond loopback it needs \
            TLS and a token of your own. Without --allow-actions the page changes nothing. The broker's user needs the \
            tag management, and for actions the permissions of an operator.

            EXAMPLE
              warren dashboard --management http://127.0.0.1:15672
              warren dashboard --listen 10.0.0.7:15690 --host ops.example --tls-certificate ops.pem --tls-key ops.key \
            --token-file token
            """
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var management: ManagementOptions

    @Option(help: ArgumentHelp("The address to listen at; port 0 takes a free one.", valueName: "host:port"))
    var listen = ScrapeAddress(host: "127.0.0.1", port: 15690)

    @Option(help: ArgumentHelp("A name under which browsers reach the page; may be repeated.", valueName: "name"))
    var host: [String] = []

    @Option(help: ArgumentHelp("The file of the server's certificate chain, PEM.", valueName: "file"))
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("The file of its key, PEM, not encrypted.", valueName: "file"))
    var tlsKey: String?

    @Option(help: ArgumentHelp("The file whose first line is the token.", valueName: "file"))
    var tokenFile: String?

    @Flag(help: "Allow to terminate agents, and to replay and drop parked messages and failed requests.")
    var allowActions = false

    private struct Started: Encodable {
        let url: String
    }

    func validate() throws {
        guard (tlsCertificate == nil) == (tlsKey == nil) else {
            throw ValidationError("--tls-certificate and --tls-key belong together")
        }
        guard listen.isLoopback || tlsCertificate != nil else {
            throw ValidationError("--listen beyond this machine needs --tls-certificate and --tls-key")
        }
        guard !listen.isAnyAddress || !host.isEmpty else {
            throw ValidationError("--listen at every address needs --host, the name in the URL of browsers")
        }
        guard host.allSatisfy(Self.isName) else { throw ValidationError("--host is a name without scheme and port") }
    }

    /// Whether a text is a name or an address, without scheme, path and port.
    private static func isName(_ text: String) -> Bool {
        // An IPv6 address has more than one colon.
        !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "/") }
            && text.count { $0 == ":" } != 1
    }

    /// The names that a request may have in `Host`.
    private var names: Set<String> {
        var names = Set(host.map { $0.lowercased() })
        if !listen.isAnyAddress { names.insert(listen.host.lowercased()) }
        if listen.isLoopback { names.formUnion(["localhost", "127.0.0.1", "::1"]) }
        return names
    }

    func execute(_ console: Console) async throws {
        #if Monitoring
            let given = try AccessToken.given(file: tokenFile, environment: ProcessInfo.processInfo.environment)
            guard given != nil || listen.isLoopback else {
                let message = "the token is missing: --token-file, or \(AccessToken.variable)"
                throw CommandFailure(message, code: "usage", status: ExitStatus.usage)
            }
            var certificate: ServerCertificate?
            if let tlsCertificate, let tlsKey {
                certificate = try ServerCertificate(certificate: tlsCertificate, key: tlsKey)
            }
            let token = given ?? AccessToken()
            let exchange = try options.exchange("dashboard")
            let reader = NamespaceReader(
                exchange: exchange,
                management: try await management.required(options),
                namespace: options.chosenNamespace
            )
            let scraper = Scraper(patience: .seconds(10), freshness: .seconds(2), rest: 3) { await reader.read() }
            let desk = DashboardDesk(
                exchange: exchange,
                reader: reader,
                scraper: scraper,
                namespace: options.chosenNamespace,
                allowsActions: allowActions
            )
            let rules = RequestGuard(
                hosts: names,
                isEncrypted: certificate != nil,
                token: token,
                allowsActions: allowActions
            )
            do {
                // A token of this run is shown; one of the operator's is known.
                let fragment = given == nil ? "#token=\(token.text)" : ""
                try await serve(desk, scraper, rules, certificate, fragment, console)
                await uncancelled { await desk.close() }
            } catch {
                await uncancelled { await desk.close() }
                throw error
            }
        #else
            throw CommandFailure.withoutServer
        #endif
    }

    #if Monitoring
        private func serve(
            _ desk: DashboardDesk,
            _ scraper: Scraper,
            _ rules: RequestGuard,
            _ certificate: ServerCertificate?,
            _ fragment: String,
            _ console: Console
        ) async throws {
            let server = DashboardServer(desk: desk, rules: rules) { console.note($0) }
            let name = listen.isAnyAddress ? host.first ?? listen.host : listen.host
            let serve: @Sendable () async throws -> Void = {
                try await server.run(at: listen, certificate: certificate) { port in
                    let scheme = certificate == nil ? "http" : "https"
                    let url = "\(scheme)://\(ScrapeAddress(host: name, port: port))/\(fragment)"
                    try? console.json ? console.object(Started(url: url)) : console.line(url)
                }
            }
            try await scraper.run(beside: serve, console)
        }
    #endif
}
