import ArgumentParser
import RabbitMQExchange

/// `warren topology`.
struct TopologyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topology",
        abstract: "Shows Warren's objects on the broker, or moves those of older versions.",
        discussion: """
            EXAMPLE
              warren topology --management http://127.0.0.1:15672
              warren topology migrate --management http://127.0.0.1:15672
            """,
        subcommands: [TopologyShow.self, TopologyMigrate.self],
        defaultSubcommand: TopologyShow.self
    )
}

/// `warren topology show`, or `warren topology` alone.
struct TopologyShow: Command {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Compares the objects that Warren needs with those on the broker.",
        discussion: """
            table compares; AMQP can't look at bindings, so their state is unknown unless --management names the \
            management plugin. definitions prints input for rabbitmqctl import_definitions: virtual host, objects, policy, and \
            the broker users of --grant with their permissions. The users have no password; give each one with \
            rabbitmqctl change_password. An import takes the passwords of users that exist: use --objects-only for \
            another one. permissions prints the permissions that the broker user of --user needs for each role: its \
            queues have names that only it may use. The last two need no broker. The exit status of the table is 0 when nothing is missing or different, \
            and in a namespace that was not used yet: its first session creates all objects.

            EXAMPLE
              warren topology --management http://127.0.0.1:15672
              warren topology --format definitions --grant bank=agent-service --grant ops=operator > warren.json
              rabbitmqctl import_definitions warren.json && rabbitmqctl change_password bank
              warren topology --format permissions --user till
            """
    )

    enum Format: String, CaseIterable, ExpressibleByArgument, Sendable {
        case table, definitions, permissions
    }

    @OptionGroup var options: CommonOptions
    @OptionGroup var management: ManagementOptions

    @Option(help: "The output: table, definitions or permissions.")
    var format = Format.table

    @Option(help: ArgumentHelp("With permissions: the broker user that gets them.", valueName: "name"))
    var user: String?

    @Option(
        help: ArgumentHelp(
            "With definitions: a broker user and its role, agent-service, user or operator; by default one of each.",
            valueName: "name=role"
        )
    )
    var grant: [Grant] = []

    @Flag(help: "With definitions: only exchanges, queues and bindings; users and their passwords stay.")
    var objectsOnly = false

    func validate() throws {
        guard (format == .permissions) == (user != nil) else {
            throw ValidationError("--format permissions and --user NAME go together")
        }
        guard format == .definitions || (grant.isEmpty && !objectsOnly) else {
            throw ValidationError("--grant and --objects-only need --format definitions")
        }
        guard grant.isEmpty || !objectsOnly else { throw ValidationError("either --grant or --objects-only") }
        guard Set(grant.map(\.user)).count == grant.count else {
            throw ValidationError("a broker user has one role: --grant names one twice")
        }
    }

    private struct Line: Encodable {
        let kind: String
        let name: String
        let wanted: String
        let state: String
        let detail: String?
    }

    func execute(_ console: Console) async throws {
        let exchange = try options.exchange()
        switch format {
        case .table: try await compare(console)
        case .definitions: try console.object(definitions(exchange))
        case .permissions:
            let all = exchange.permissions(of: user ?? "")
            if console.json { return try console.object(all) }
            for permissions in all { try explain(permissions, exchange.virtualHost, console) }
        }
    }

    private func definitions(_ exchange: RabbitMQExchange) -> BrokerDefinitions {
        guard !objectsOnly else { return exchange.definitions }
        let grants = grant.isEmpty ? Grant.placeholders(in: options.chosenNamespace) : grant
        return exchange.definitions(
            granting: grants.flatMap { grant in exchange.permissions(of: grant.user).filter { $0.role == grant.role } }
        )
    }

    private func compare(_ console: Console) async throws {
        let facts = try await management.facts(options)
        let objects = try await options.withAdministration { try await $0.topology(facts) }
        let lines = objects.map {
            Line(kind: $0.kind.rawValue, name: $0.name, wanted: $0.wanted, state: $0.state.rawValue, detail: $0.detail)
        }
        let table = Table(
            .fixed("KIND"),
            .flexible("NAME"),
            .flexible("WANTED"),
            .state("STATE"),
            rows: lines.map { [$0.kind, $0.name, $0.wanted, $0.state] }
        )
        try console.show(lines, table)
        if objects.areUnused {
            let name = options.chosenNamespace
            return console.note("namespace \(name) was not used yet: its first session creates the missing objects")
        }
        guard objects.allSatisfy({ $0.state != .missing && $0.state != .different }) else { throw CommandFailure.told }
    }

    /// Returns a text quoted as one word for a shell.
    private static func quoted(_ text: String) -> String { "'\(text.replacing("'", with: #"'\''"#))'" }

    private func explain(_ permissions: RolePermissions, _ virtualHost: String, _ console: Console) throws {
        try console.raw("# \(permissions.role.rawValue)")
        let place = "-p \(Self.quoted(virtualHost)) \(Self.quoted(permissions.user))"
        let expressions = "'\(permissions.configure)' '\(permissions.write)' '\(permissions.read)'"
        try console.raw("rabbitmqctl set_permissions \(place) \(expressions)")
        for topic in permissions.topics {
            let expressions = "\(topic.exchange) '\(topic.write)' '\(topic.read)'"
            try console.raw("rabbitmqctl set_topic_permissions \(place) \(expressions)")
        }
    }
}
