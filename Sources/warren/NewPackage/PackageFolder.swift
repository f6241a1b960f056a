import Foundation

/// A folder that appears with all of its files, or not at all.
enum PackageFolder {
    /// Makes a folder in the working directory and writes files to it.
    ///
    /// The files are written to a folder with a random name, which only this user may enter, and which is renamed at the end. A file,
    /// a folder or a symbolic link of the name is never followed, replaced or written to.
    ///
    /// - Parameters:
    ///   - name: The folder's name, without a slash.
    ///   - files: The contents by relative path.
    /// - Throws: ``CommandFailure``, with the code `in-use` when the name is taken. Nothing is left then.
    static func make(_ name: String, _ files: [String: String]) throws {
        // Fails for everything that has the name, a symbolic link to nowhere too.
        guard mkdir(name, 0o777) == 0 else {
            if errno == EEXIST { throw CommandFailure("\(name) exists already", code: "in-use") }
            throw failure("can't make \(name)")
        }
        var status = stat()
        var template = Array(".\(name).XXXXXX".utf8CString)
        guard lstat(name, &status) == 0, mkdtemp(&template) != nil else {
            defer { rmdir(name) }
            throw failure("can't make a folder beside \(name)")
        }
        let draft = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        do {
            for (path, text) in files { try write(text, to: path, in: draft) }
            // The mode that the user's mask gives to new folders. Renaming replaces the empty folder, and nothing else.
            guard chmod(draft, status.st_mode & 0o777) == 0, rename(draft, name) == 0 else {
                throw failure("can't make \(name)")
            }
        } catch {
            try? FileManager.default.removeItem(atPath: draft)
            // Does nothing unless it is an empty folder.
            rmdir(name)
            throw error
        }
    }

    private static func write(_ text: String, to path: String, in folder: String) throws {
        do {
            let file = URL(fileURLWithPath: folder).appendingPathComponent(path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(text.utf8).write(to: file, options: .withoutOverwriting)
        } catch {
            throw CommandFailure("can't write \(path): \((error as NSError).localizedDescription)")
        }
    }

    private static func failure(_ text: String) -> CommandFailure {
        CommandFailure("\(text): \(String(cString: strerror(errno)))")
    }
}
