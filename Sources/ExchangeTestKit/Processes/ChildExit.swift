/// The end of a child process.
public enum ChildExit: Sendable, Hashable {
    /// It returned this code; 0 means success.
    case code(Int32)
    /// A signal ended it.
    case signal(Int32)
}
