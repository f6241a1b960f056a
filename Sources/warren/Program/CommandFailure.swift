import AMQP
import AgentExchange
import ArgumentParser

/// What the tool exits with.
enum ExitStatus {
    /// It was done.
    static let done: Int32 = 0
    /// The thing asked about failed.
    static let failed: Int32 = 1
    /// The arguments are wrong.
    static let usage: Int32 = 2
    /// The broker could not be reached, or refused.
    static let broker: Int32 = 3
}

/// Why a command failed: one line, and the exit status.
struct CommandFailure: Error, CustomStringConvertible {
    /// A line for a person.
    let message: String

    var description: String { message }

    /// A word for a program; those of ``ExchangeError/Code``, and `usage`, `not-found`, `ambiguous`, `failed`.
    let code: String

    let status: Int32

    /// What happened was told already; only the status remains.
    var isReported = false

    init(_ message: String, code: String = "failed", status: Int32 = ExitStatus.failed) {
        self.message = message
        self.code = code
        self.status = status
    }

    /// The output tells what failed.
    static let told: CommandFailure = {
        var failure = CommandFailure("")
        failure.isReported = true
        return failure
    }()

    /// What an error of the exchange means to whoever runs the tool.
    init(_ error: any Error) {
        guard let error = error as? ExchangeError else {
            self.init("\(error)")
            return
        }
        let entity = error.entity.map { " [\($0)]" } ?? ""
        self.init(Self.text(error) + entity, code: error.code.rawValue, status: Self.status(error))
    }

    /// What was to connect failed; the address is named when that was the broker's doing.
    init(connecting error: ExchangeError, to broker: String) {
        guard Self.status(error) == ExitStatus.broker else {
            self.init(error)
            return
        }
        let what = error.code == .limitReached ? "a limit is reached at" : "can't connect to"
        let text = "\(what) \(broker): \(Self.cause(error))"
        self.init(text, code: error.code.rawValue, status: ExitStatus.broker)
    }

    /// The exit status for a cause, the same in every command.
    private static func status(_ error: ExchangeError) -> Int32 {
        switch error.code {
        case .invalidConfiguration: ExitStatus.usage
        case .connectionLost, .unauthorised, .forbidden, .brokerBlocked, .limitReached: ExitStatus.broker
        // The broker did not answer in time, or not as it should; without it, that is about an agent.
        case .deadlineExceeded, .internal: error.underlying is AMQPError ? ExitStatus.broker : ExitStatus.failed
        case .unavailable where (error.underlying as? AMQPError)?.code == .virtualHostNotFound: ExitStatus.broker
        default: ExitStatus.failed
        }
    }

    private static func text(_ error: ExchangeError) -> String {
        guard error.underlying != nil else { return error.message }
        if error.code == .invalidConfiguration { return cause(error) }
        return "\(error.message): \(cause(error))"
    }

    private static func cause(_ error: ExchangeError) -> String {
        switch error.underlying {
        case let cause as AMQPError: cause.message
        case let cause as ExchangeError: text(cause)
        case let cause?: "\(cause)"
        case nil: error.message
        }
    }

    /// What is printed with `--json`.
    var report: FailureReport { FailureReport(error: .init(code: code, message: message)) }
}

/// The JSON form of a failure.
struct FailureReport: Encodable {
    struct Body: Encodable {
        let code: String
        let message: String
    }

    let error: Body
}
