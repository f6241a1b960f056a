internal import AgentExchange
internal import ArgumentParser
internal import AutoGenHost
internal import Foundation
internal import InProcessExchange
internal import Logging
internal import Primitives
internal import RabbitMQExchange

#if AutoGen
    /// The program `warren-autogen-host`.
    @main
    struct WarrenAutoGenHost: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "warren-autogen-host",
            abstract: "A host for AutoGen's workers, on an exchange of Warren.",
            discussion: """
                Programs for AutoGen's GrpcWorkerAgentRuntime connect to it as to AutoGen's own host. It ends on SIGTERM and \
                SIGINT: callers are answered, and streams end with UNAVAILABLE.
                """
        )

        @Option(help: "The address: HOST:PORT, [IPV6]:PORT or unix:PATH. Port 0 is any free port.")
        var listen = "127.0.0.1:50051"

        @Option(
            help: """
                The exchange: local is within this process, rabbitmq on a broker. With a broker it is rabbitmq, else local.
                """
        )
        var exchange: ExchangeName?

        @Option(help: ArgumentHelp("The broker; better in WARREN_BROKER: others can see arguments.", valueName: "url"))
        var broker: String?

        @Option(help: ArgumentHelp("The namespace on the broker, or WARREN_NAMESPACE.", valueName: "name"))
        var namespace: String?

        @Option(help: "How long the types of a lost worker wait for another one, such as 30s.")
        var absence = TimeOption(.seconds(30))

        @Option(help: "The effect of the loss of a worker: hand-over or fail.")
        var onLoss = LossOption.handOver

        @Option(
            help: ArgumentHelp(
                "Agent types that several workers share, and their number of slots, such as 'solver*=8'. May be repeated.",
                valueName: "types=slots"
            )
        )
        var share: [ShareOption] = []

        @Option(
            help: ArgumentHelp(
                "Agent types that outlive their workers, such as 'orders.*'. May be repeated.",
                valueName: "types"
            )
        )
        var durable: [String] = []

        @Option(help: "How long an event waits for a worker with a durable type, such as 24h.")
        var retention = TimeOption(.seconds(24 * 3600))

        @Option(help: "How long a request may take, such as 10m.")
        var requestDeadline = TimeOption(.seconds(600))

        @Option(help: "When an event counts as delivered: a time and a number of later messages, such as 5s,1024.")
        var eventHold = HoldOption(time: .seconds(5), count: 1024)

        @Option(help: "The largest message of a client, such as 64MiB.")
        var maxMessage = SizeOption(bytes: 64 << 20)

        @Option(help: "How long the streams may take for waiting messages when the host stops.")
        var grace = TimeOption(.seconds(5))

        @Option(help: "A file with the host's certificate, in the PEM format. With it, connections are encrypted.")
        var tlsCertificate: String?

        @Option(help: "A file with the key of the certificate.")
        var tlsKey: String?

        @Option(help: "A file with the authority of the clients' certificates. With it, each client needs one.")
        var clientCa: String?

        @Option(help: "A file with the rights of the clients, as JSON.")
        var policy: String?

        @Flag(help: "Listen without encryption on an address that other machines reach.")
        var insecure = false

        func validate() throws {
            let address: ListenAddress
            do { address = try ListenAddress(listen) } catch { throw ValidationError(error.message) }
            if (tlsCertificate == nil) != (tlsKey == nil) {
                throw ValidationError("--tls-certificate and --tls-key go together")
            }
            if exchange == .local, broker != nil { throw ValidationError("--exchange local has no broker") }
            if exchange == .rabbitmq, brokerURL == nil {
                throw ValidationError("--exchange rabbitmq needs --broker or WARREN_BROKER")
            }
            if clientCa != nil, tlsCertificate == nil { throw ValidationError("--client-ca needs --tls-certificate") }
            if !address.isLocal, !insecure, tlsCertificate == nil {
                throw ValidationError(
                    "other machines reach \(address), and nothing is encrypted: listen on 127.0.0.1 or a Unix socket beside "
                        + "the workers, or say --insecure"
                )
            }
        }

        func run() async throws {
            await runProgram {
                let interruption = Interruption()
                var configuration = AutoGenHostConfiguration()
                configuration.absence = absence.duration
                configuration.onLoss = onLoss.loss
                configuration.durableTypes = durable
                configuration.retention = retention.duration
                configuration.shares = share.map { SharedTypes($0.pattern, slots: $0.slots) }
                configuration.requestDeadline = requestDeadline.duration
                configuration.eventHold = eventHold.time
                configuration.eventHoldCount = eventHold.count
                configuration.maximumMessageSize = maxMessage.bytes
                configuration.policy = try policy.map(Self.readPolicy)
                if let tlsCertificate, let tlsKey {
                    configuration.encryption = HostEncryption(
                        certificate: tlsCertificate,
                        key: tlsKey,
                        clientAuthority: clientCa
                    )
                }
                let host = try AutoGenHost(address: listen, exchange: try makeExchange(), configuration: configuration)
                let address = try await host.start()
                let line = "warren-autogen-host listens on \(address) with the exchange \(chosenExchange.rawValue)\n"
                FileHandle.standardOutput.write(Data(line.utf8))
                _ = await interruption.signal.wait()
                withExtendedLifetime(interruption) {}
                await host.stop(grace: grace.duration)
            }
        }

        private static func readPolicy(_ path: String) throws(ExchangeError) -> HostPolicy {
            guard let json = FileManager.default.contents(atPath: path) else {
                throw ExchangeError(.invalidConfiguration, "the policy \(path) can't be read")
            }
            return try HostPolicy(json: json)
        }

        /// The URL of the broker, with the password; `nil` when none is named.
        private var brokerURL: String? { broker ?? RabbitMQExchange.environmentURL }

        private var chosenExchange: ExchangeName { exchange ?? (brokerURL == nil ? .local : .rabbitmq) }

        private func makeExchange() throws(ExchangeError) -> any ExchangeFactory {
            guard chosenExchange == .rabbitmq, let brokerURL else {
                var configuration = InProcessExchange.Configuration()
                configuration.maximumMessageSize = maxMessage.bytes
                return InProcessExchange(configuration: configuration)
            }
            var configuration = RabbitMQConfiguration()
            configuration.maximumMessageSize = maxMessage.bytes
            configuration.connectionName = "warren-autogen-host \(ProcessInfo.processInfo.processIdentifier)"
            return try RabbitMQExchange(
                url: brokerURL,
                namespace: namespace ?? RabbitMQExchange.environmentNamespace ?? "default",
                configuration: configuration
            )
        }
    }

    /// The effect of the loss of a worker, as an option.
    enum LossOption: String, CaseIterable, ExpressibleByArgument, Sendable {
        case handOver = "hand-over"
        case fail

        /// The host's value for it.
        var loss: AutoGenHostConfiguration.Loss { self == .handOver ? .handOver : .fail }
    }

    /// The exchanges of the program.
    enum ExchangeName: String, CaseIterable, ExpressibleByArgument, Sendable {
        case local, rabbitmq
    }
#else
    /// The program without its trait.
    @main
    struct WarrenAutoGenHost {
        static func main() {
            FileHandle.standardError.write(Data("warren-autogen-host: built without the package trait AutoGen\n".utf8))
            exit(2)
        }
    }
#endif
