/// A proxy could not be started.
public struct FaultProxyError: Error, Sendable, CustomStringConvertible {
    /// The system call that failed.
    public let call: String
    /// Its `errno`.
    public let code: Int32

    /// "<call>: errno <code>".
    public var description: String { "\(call): errno \(code)" }
}
