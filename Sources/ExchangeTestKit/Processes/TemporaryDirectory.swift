internal import Foundation

/// A new empty directory. It is removed with its contents when the value is released.
public final class TemporaryDirectory: Sendable {
    /// The absolute path.
    public let path: String

    /// Creates a directory below the system's temporary directory.
    ///
    /// - Parameter prefix: The beginning of its name; the rest is random.
    /// - Throws: the file system's error.
    public init(prefix: String = "warren") throws {
        let name = "\(prefix)-\(UUID().uuidString.lowercased())"
        path = FileManager.default.temporaryDirectory.appendingPathComponent(name).path
        try FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700]
        )
    }

    deinit { remove() }

    /// Returns the path of a file or folder in it; nothing is created.
    public func path(_ name: String) -> String { path + "/" + name }

    /// Writes a text file and returns its path.
    ///
    /// - Throws: the file system's error.
    public func write(_ text: String, to name: String) throws -> String {
        let file = path(name)
        try text.write(toFile: file, atomically: false, encoding: .utf8)
        return file
    }

    /// Removes the directory now. Harmless when it is already gone.
    public func remove() {
        try? FileManager.default.removeItem(atPath: path)
    }
}
