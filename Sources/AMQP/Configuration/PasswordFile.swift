internal import Primitives
internal import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A file whose first line is a password.
struct PasswordFile {
    private static let limit = 4096
    /// The maximum number of files read at a time; only hanging reads reach it.
    private static let readerLimit = 8
    private static let readers = Atomic(0)
    private let path: String

    init(_ path: String) { self.path = path }

    /// Returns the first line without its line end. It is read on a thread of its own: a file on a network, or a pipe,
    /// may take any time.
    ///
    /// - Throws: `authenticationFailed`, `connectTimedOut`, `cancelled`; the text has the path, never the contents of
    ///   the file.
    func read(until deadline: Deadline) async throws(AMQPError) -> String {
        let answer = OneShot<Result<String, AMQPError>>()
        guard Self.readers.add(1, ordering: .relaxed).newValue <= Self.readerLimit else {
            Self.readers.subtract(1, ordering: .relaxed)
            throw AMQPError.noCredentials("other password files are still being read", nil)
        }
        let isStarted = DetachedThread.start(name: "warren password", stackSize: 1 << 20) {
            do throws(AMQPError) {
                answer.set(.success(try read()))
            } catch {
                answer.set(.failure(error))
            }
            Self.readers.subtract(1, ordering: .relaxed)
        }
        guard isStarted else {
            Self.readers.subtract(1, ordering: .relaxed)
            throw AMQPError(code: .internal, delivery: .notSent, message: "The system has no thread left.")
        }
        if let result = await answer.wait(until: deadline) { return try result.get() }
        if Task.isCancelled { throw .taskCancelled }
        throw AMQPError(
            code: .connectTimedOut,
            delivery: .notSent,
            message: "The password file \(path) could not be read in time."
        )
    }

    /// - Throws: `authenticationFailed`.
    private func read() throws(AMQPError) -> String {
        let bytes = try contents()
        let line = bytes.prefix(Self.limit + 1).prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        guard !line.isEmpty, line.count <= Self.limit, let text = String(validating: line, as: UTF8.self) else {
            throw AMQPError.noCredentials("the first line of the password file \(path) is not a password", nil)
        }
        return text
    }
    /// Returns the bytes up to the end of the first line, or one more than a password may have.
    private func contents() throws(AMQPError) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(errno) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: Self.limit + 1)
        while bytes.count <= Self.limit, !bytes.contains(UInt8(ascii: "\n")) {
            let count = unsafe part.withUnsafeMutableBytes { unsafe systemRead(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { break }
            if count > 0 {
                bytes += part.prefix(count)
            } else if errno != EINTR {
                throw unreadable(errno)
            }
        }
        return bytes
    }

    private func unreadable(_ number: Int32) -> AMQPError {
        let reason = unsafe String(cString: strerror(number))
        return AMQPError.noCredentials("the password file \(path) can't be read: \(reason)", nil)
    }
}

/// Calls the system's function, which the type's methods of the same name hide.
private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    unsafe read(descriptor, buffer, count)
}
