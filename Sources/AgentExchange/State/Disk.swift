internal import Foundation

/// Durable file operations, which Foundation lacks: the data is on the disk when they return.
enum Disk {
    /// Writes a new file.
    static func write(_ bytes: Data, to path: String) throws {
        let descriptor = try check(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600))
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try file.write(contentsOf: bytes)
        try file.synchronize()
        try file.close()
    }

    /// Replaces one file with another.
    static func rename(_ path: String, to target: String) throws {
        try check(Foundation.rename(path, target))
    }

    /// Makes the names in a directory durable.
    static func synchronise(_ directory: String) throws {
        let descriptor = try check(open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        defer { close(descriptor) }
        try check(fsync(descriptor))
    }

    @discardableResult
    private static func check(_ result: CInt) throws -> CInt {
        guard result >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        return result
    }
}
