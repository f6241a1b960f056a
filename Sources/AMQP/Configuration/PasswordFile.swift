#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A file whose first line is a password.
struct PasswordFile {
    private static let limit = 4096
    private let path: String

    init(_ path: String) { self.path = path }

    /// The first line, without its line end.
    ///
    /// - Throws: `authenticationFailed`; the text has the path, never what is in the file.
    func read() throws(AMQPError) -> String {
        let bytes: Data
        do {
            bytes = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw Credentials.missing("the password file \(path) can't be read", error)
        }
        let line = bytes.prefix(Self.limit + 1).prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        guard !line.isEmpty, line.count <= Self.limit, let text = String(validating: line, as: UTF8.self) else {
            throw Credentials.missing("the first line of the password file \(path) is not a password", nil)
        }
        return text
    }
}
