import AMQP
import AgentExchange
import ArgumentParser

/// The exit statuses of the tool.
enum ExitStatus {
    /// The command succeeded.
    static let done: Int32 = 0
    /// The subject of the command failed.
    static let failed: Int32 = 1
    /// The arguments are invalid.
    static let usage: Int32 = 2
    /// The broker could not be reached, or refused.
    static let broker: Int32 = 3
}

/// The reason that a command failed: one line, and the exit status.
struct CommandFailure: Error, CustomStringConvertible {
    /// A sentence for people.
    let message: String

    var description: String { message }

    /// A word for programs: those of ``ExchangeError/Code``, and `usage`, `not-found`, `ambiguous`, `failed`.
    let code: String

    let status: Int32

    /// Whether the error was already reported; only the status remains.
    var isReported = false

    init(_ message: String, code: String = "failed", status: Int32 = ExitStatus.failed) {
        self.message = message
        self.code = code
        self.status = status
    }

    /// A failure that the output already reports.
    static let told = told(status: ExitStatus.failed)

    /// A failure that the output already reports, with its exit status.
    static func told(status: Int32) -> CommandFailure {
        var failure = CommandFailure("", status: status)
        failure.isReported = true
        return failure
    }

    /// Translates an error of the exchange for the user of the tool.
    init(_ error: any Error) {
        guard let error = error as? ExchangeError else {
            self.init("\(error)")
            return
        }
        let entity = error.entity.map { " [\($0)]" } ?? ""
        self.init(Self.text(error) + entity, code: error.code.rawValue, status: error.exitStatus)
    }

    /// Makes the failure of connecting. It names the address if the broker caused it.
    init(connecting error: ExchangeError, to broker: String) {
        guard error.exitStatus == ExitStatus.broker else {
            self.init(error)
            return
        }
        let what = error.code == .limitReached ? "a limit is reached at" : "can't connect to"
        let text = "\(what) \(broker): \(Self.cause(error))"
        self.init(text, code: error.code.rawValue, status: ExitStatus.broker)
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

    /// The failure in the form that `--json` prints.
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
