import AgentExchange
import ArgumentParser
import Foundation
import RabbitMQExchange

/// `warren exporter`.
struct ExporterCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "exporter",
        abstract: "Serves metrics of all mailboxes to Prometheus, with names and types of agents.",
        discussion: """
            It needs nothing of the agents: it follows the directory, and asks the management plugin for one list of the \
            namespace's queues for each scrape. The first line is the URL of the metrics. A scrape is answered within \
            --deadline, with warren_up 0 while the broker is away. The user needs the tag management. Each client that may connect \
            sees the names of agents: there is no TLS and no login, so it listens on loopback unless --listen says otherwise.

            EXAMPLE
              warren exporter --management http://127.0.0.1:15672
              curl http://127.0.0.1:15699/metrics
            """
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var management: ManagementOptions

    @Option(help: ArgumentHelp("The address to listen at; port 0 takes a free one.", valueName: "host:port"))
    var listen = ScrapeAddress(host: "127.0.0.1", port: 15699)

    @Option(help: ArgumentHelp("The time within which a scrape is answered, 1s to 5m.", valueName: "time"))
    var deadline = TimeSpan.seconds(8)

    @Option(help: ArgumentHelp("The number of mailboxes with metrics of their own, up to 100000.", valueName: "number"))
    var mailboxes = 10_000

    private struct Started: Encodable {
        let url: String
    }

    func validate() throws {
        guard (Duration.seconds(1)...Duration.seconds(300)).contains(deadline.duration) else {
            throw ValidationError("--deadline is between 1s and 5m")
        }
        guard (0...100_000).contains(mailboxes) else { throw ValidationError("--mailboxes is between 0 and 100000") }
    }

    func execute(_ console: Console) async throws {
        #if Monitoring
            let reader = NamespaceReader(
                exchange: try options.exchange("exporter"),
                management: try await management.required(options),
                namespace: options.chosenNamespace
            )
            do {
                try await serve(reader, console)
                await uncancelled { await reader.close() }
            } catch {
                await uncancelled { await reader.close() }
                throw error
            }
        #else
            throw CommandFailure.withoutServer
        #endif
    }

    #if Monitoring
        private func serve(_ reader: NamespaceReader, _ console: Console) async throws {
            let namespace = options.chosenNamespace
            let scraper = Scraper(patience: deadline.duration) { await reader.read() }
            let server = MetricsServer(address: listen) {
                let reading = await scraper.reading()
                let samples = reading.samples(namespace: namespace, limit: mailboxes, failures: scraper.failures)
                return PrometheusText.text(samples)
            }
            let serve: @Sendable () async throws -> Void = {
                try await server.run { port in
                    let url = "http://\(ScrapeAddress(host: listen.host, port: port))/metrics"
                    try? console.json ? console.object(Started(url: url)) : console.line(url)
                }
            }
            try await scraper.run(beside: serve, console)
        }
    #endif
}
