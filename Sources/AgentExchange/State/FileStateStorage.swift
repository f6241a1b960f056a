public import Foundation

/// Keeps state in files: one for each key, in one directory.
///
/// A value is written to a temporary file, synchronized to the disk and renamed over the old one; then the directory is
/// synchronized. After a crash each key has its old value or its new one, never a part. The directory is made when the
/// first value is saved, readable by its owner only. Keys have 1 to 80 bytes of UTF-8. Because disks are slow, all of
/// this happens on a few threads that storages share.
public actor FileStateStorage: StateStorage {
    private let directory: URL
    private static let suffix = ".json"
    private nonisolated let thread = BlockingThread.next()

    /// A thread that may block on the disk.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// Keeps state in the given directory.
    public init(directory: URL) {
        self.directory = directory
    }

    /// Returns the bytes of a key, if any.
    public func load(_ key: String) throws -> Data? {
        do {
            return try Data(contentsOf: try file(for: key))
        } catch let error as CocoaError where error.code == .fileReadNoSuchFile {
            return nil
        }
    }

    /// Replaces the bytes of a key.
    public func save(_ bytes: Data, for key: String) throws {
        let file = try file(for: key)
        let attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o700]
        try FileManager.default.createDirectory(
            at: directory,
            withIntermediateDirectories: true,
            attributes: attributes
        )
        let new = directory.appending(path: ".\(file.lastPathComponent).\(UUID().uuidString)")
        do {
            try Disk.write(bytes, to: new.path)
            try Disk.rename(new.path, to: file.path)
            try Disk.synchronise(directory.path)
        } catch {
            try? FileManager.default.removeItem(at: new)
            throw error
        }
    }

    /// Removes a key.
    public func remove(_ key: String) throws {
        do {
            try FileManager.default.removeItem(at: try file(for: key))
            try Disk.synchronise(directory.path)
        } catch let error as CocoaError where error.code == .fileNoSuchFile {
            return
        }
    }

    /// Returns the keys that have bytes.
    public func keys() throws -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: directory.path)
                .filter { $0.hasSuffix(Self.suffix) && !$0.hasPrefix(".") }
                .compactMap { String($0.dropLast(Self.suffix.count)).removingPercentEncoding }
        } catch let error as CocoaError where error.code == .fileReadNoSuchFile {
            return []
        }
    }

    /// Returns the file of a key. Keys may have any characters; the file name escapes all but letters, digits, `-` and
    /// `_`.
    private func file(for key: String) throws -> URL {
        let plain = CharacterSet(charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
        guard (1...80).contains(key.utf8.count), let name = key.addingPercentEncoding(withAllowedCharacters: plain)
        else { throw CocoaError(.fileWriteInvalidFileName) }
        return directory.appending(path: name + Self.suffix)
    }
}
