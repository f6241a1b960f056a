internal import Foundation

extension ExchangeError {
    /// The exit status of a program that ends with this error: 2 for an invalid configuration, 3 when the broker can't
    /// be reached, refuses (connection, login, virtual host, permissions, an alarm) or is late or faulty, else 1. Every
    /// command of the `warren` tool uses the same statuses.
    public var exitStatus: Int32 {
        switch code {
        case .invalidConfiguration: 2
        case .connectionLost, .unauthorized, .forbidden, .brokerBlocked, .limitReached: 3
        // Without a fault of the broker the error concerns an agent.
        case .deadlineExceeded, .internal: underlying is any BrokerFault ? 3 : 1
        case .unavailable: (underlying as? any BrokerFault)?.isAboutThePlace == true ? 3 : 1
        default: 1
        }
    }
}

/// Runs the body of a program. An error ends the process with one line on standard error and an exit status. An error
/// thrown from `main` would instead trap and print a backtrace.
///
/// ```swift
/// @main struct Teller {
///     static func main() async {
///         await runProgram { try await AgentRuntime(MyBank(), named: "bank", exchange: exchange()).run() }
///     }
/// }
/// ```
///
/// The status is ``ExchangeError/exitStatus``, or 1 for other errors. If the body returns, this function returns too
/// and the status is 0.
public func runProgram(
    isolation: isolated (any Actor)? = #isolation,
    _ body: () async throws -> Void
) async {
    do {
        try await body()
    } catch {
        let name = ProcessInfo.processInfo.processName
        let line = "\(error)".split(whereSeparator: \.isNewline).joined(separator: " ")
        FileHandle.standardError.write(Data("\(name): \(line)\n".utf8))
        exit((error as? ExchangeError)?.exitStatus ?? 1)
    }
}
