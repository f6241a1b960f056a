import ArgumentParser

/// The tool's top command.
struct Warren: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "warren",
        abstract: "Looks at, tests and administers a Warren exchange on a RabbitMQ broker.",
        discussion: """
            The broker is --broker URL, or better the variable WARREN_BROKER, because others can see the arguments of a \
            process; by default amqp://guest:guest@127.0.0.1:5672. The namespace is --namespace, or WARREN_NAMESPACE, or \
            "default". An ID is a UUID, a UUID in base32, or a display name that only one agent has; user:UUID is a user.

            Exit status: 0 done; 1 the operation failed; 2 invalid arguments; 3 the broker can't be reached, or \
            refused; 128 + N interrupted by signal N. Errors are one line on the standard error. With --json the \
            output is JSON with stable fields, and so is the line of an error. WARREN_LOG=debug shows the log of the \
            library.

            EXAMPLE
              export WARREN_BROKER=amqp://ops:secret@broker.example/production
              warren doctor && warren agents
            """,
        version: "warren 0.1.0",
        subcommands: [
            RegisterCommand.self, AgentCommand.self, AgentsCommand.self, StatusCommand.self, PingCommand.self,
            CallCommand.self, TerminateCommand.self, MailboxesCommand.self, DeadLettersCommand.self,
            PeersCommand.self, ParkedCommand.self, FailedCommand.self, TopologyCommand.self, DoctorCommand.self,
            NamespaceCommand.self,
            ConformanceCommand.self, BenchCommand.self, WorkersCommand.self, ExporterCommand.self, TopCommand.self,
            ActivityCommand.self, TraceCommand.self, DashboardCommand.self, NewCommand.self,
        ]
    )
}
