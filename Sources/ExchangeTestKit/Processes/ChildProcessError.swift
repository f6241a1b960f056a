/// Why a child process could not be used.
public enum ChildProcessError: Error, Sendable, CustomStringConvertible {
    /// It could not be started; `errno` says why.
    case notStarted(program: String, errno: Int32)
    /// The system gave no pipe; `errno` says why.
    case noPipe(errno: Int32)
    /// Its standard input is closed.
    case inputClosed(program: String)
    /// Its output ended before the line came that was waited for.
    case outputEnded(program: String, errors: String)
    /// It ended otherwise than with code 0.
    case failed(program: String, exit: ChildExit, output: String, errors: String)

    /// What happened, with the program's own words where it had any.
    public var description: String {
        switch self {
        case .notStarted(let program, let errno): "cannot start \(program): errno \(errno)"
        case .noPipe(let errno): "no pipe: errno \(errno)"
        case .inputClosed(let program): "the input of \(program) is closed"
        case .outputEnded(let program, let errors): "the output of \(program) ended: \(errors)"
        case .failed(let program, let exit, let output, let errors):
            "\(program) ended with \(exit): \(output)\(errors)"
        }
    }
}
