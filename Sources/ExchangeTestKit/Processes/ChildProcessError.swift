/// The reason that a child process could not be used.
public enum ChildProcessError: Error, Sendable, CustomStringConvertible {
    /// It could not be started; `errno` has the reason.
    case notStarted(program: String, errno: Int32)
    /// The system gave no pipe; `errno` has the reason.
    case noPipe(errno: Int32)
    /// Its standard input is closed.
    case inputClosed(program: String)
    /// Its output ended before the awaited line.
    case outputEnded(program: String, errors: String)
    /// It did not end with code 0.
    case failed(program: String, exit: ChildExit, output: String, errors: String)

    /// The error, with the program's own output if there is any.
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
