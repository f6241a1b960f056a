internal import Foundation

extension ExchangeError {
    /// What a program exits with that ends with this error: 2 when its configuration is wrong, 3 when the broker can't be
    /// reached or refuses (connection, login, permissions, an alarm), else 1. The tool `warren` uses the same.
    public var exitStatus: Int32 {
        switch code {
        case .invalidConfiguration: 2
        case .connectionLost, .unauthorised, .forbidden, .brokerBlocked, .limitReached: 3
        default: 1
        }
    }
}

/// Runs the body of a program. An error ends the process with one line on the standard error and an exit status, where an
/// error that leaves `main` ends it with a trap and a backtrace.
///
/// ```swift
/// @main struct Teller {
///     static func main() async {
///         await runProgram { try await AgentRuntime(MyBank(), named: "bank", exchange: exchange()).run() }
///     }
/// }
/// ```
///
/// The status is that of ``ExchangeError/exitStatus``, 1 for other errors, and 0 when the body returns: then this does, too.
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
