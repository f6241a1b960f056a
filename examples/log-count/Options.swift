import Foundation

/// What the command line asks for.
struct Options: Sendable {
    /// Over which exchange the agents talk.
    enum Exchange: String, Sendable {
        /// RabbitMQ, every agent in a process of its own.
        case rabbitmq
        /// The in-process exchange, all agents in this process.
        case local
    }

    /// A file that every Debian machine has.
    static let defaultFile = "/var/lib/dpkg/status"

    /// The broker of a RabbitMQ that was installed and not configured.
    static let defaultBroker = "amqp://guest:guest@127.0.0.1:5672"

    /// The variable that names the broker.
    static let brokerVariable = "WARREN_BROKER"

    var exchange = Exchange.rabbitmq
    var broker: String
    var workers = 3
    var chunk = 100
    var kills = true
    var file = defaultFile
    var showsHelp = false

    /// The namespace of the job: everything on the broker is named `warren.log-count.…`.
    var namespace = "log-count"

    /// Reads the arguments.
    ///
    /// - Throws: ``UsageError``.
    init(_ arguments: some Collection<String>, environment: [String: String]) throws {
        broker = environment[Self.brokerVariable] ?? ""
        if broker.isEmpty { broker = Self.defaultBroker }
        var rest = arguments[...]
        var files: [String] = []
        var takesOptions = true
        while let argument = rest.popFirst() {
            guard takesOptions, argument.hasPrefix("-"), argument != "-" else {
                files.append(argument)
                continue
            }
            let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
            func value() throws -> String {
                if parts.count == 2 { return parts[1] }
                guard let next = rest.popFirst() else { throw UsageError("\(argument) needs a value") }
                return next
            }
            switch parts.first {
            case "--": takesOptions = false
            case "--help", "-h": showsHelp = true
            case "--no-kill": kills = false
            case "--broker": broker = try value()
            case "--namespace": namespace = try value()
            case "--workers": workers = try Self.number(try value(), for: "--workers", in: 1...64)
            case "--chunk": chunk = try Self.number(try value(), for: "--chunk", in: 1...100_000)
            case "--exchange":
                let name = try value()
                guard let exchange = Exchange(rawValue: name) else {
                    throw UsageError("\"\(name)\" is not an exchange: rabbitmq or local")
                }
                self.exchange = exchange
            default: throw UsageError("there is no option \(argument)")
            }
        }
        guard files.count <= 1 else { throw UsageError("one file at a time") }
        if let file = files.first { self.file = file }
    }

    private static func number(_ text: String, for option: String, in range: ClosedRange<Int>) throws -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw UsageError("\(option) takes a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}

extension Options {
    /// What `--help` prints.
    static let help = """
        Usage: log-count [--exchange rabbitmq|local] [--broker URL] [--namespace NAME] [--workers N] [--chunk LINES]
                         [--no-kill] [FILE]

        Counts the lines, words, fields and terms of a text file with agents that talk over a Warren exchange, kills one
        of them half way, starts it again, and checks the result against a plain count.

          --exchange rabbitmq  agents in processes of their own, over RabbitMQ (default)
          --exchange local     all agents in this process, over the in-process exchange
          --broker URL         the broker; better in the variable WARREN_BROKER, as arguments can be seen by others
                               (default \(defaultBroker))
          --namespace NAME     where on the broker: queues are named warren.NAME.… (default log-count)
          --workers N          how many workers count (default 3)
          --chunk LINES        how many lines a request carries (default 100)
          --no-kill            kill nobody
          FILE                 what to count (default \(defaultFile))

        Exit status: 0 the result is right, 1 it is wrong or the job failed, 2 bad usage, 3 the broker can't be reached.
        """
}
