import Foundation

/// The place that a new package takes Warren from.
enum WarrenSource: Sendable, Hashable {
    /// A version of a repository.
    enum Version: Sendable, Hashable {
        case branch(String), from(String)
    }

    /// A folder on this machine, by its absolute path.
    case folder(String)
    /// A git repository.
    case repository(url: String, Version)

    /// Reads the options of `warren new`.
    ///
    /// - Parameters:
    ///   - text: A path or a URL; `nil` for the checkout that the tool lies in.
    ///   - branch: The branch of a repository.
    ///   - from: The lowest version of a repository.
    /// - Throws: ``CommandFailure`` of wrong usage.
    init(_ text: String?, branch: String?, from: String?) throws {
        let isRemote = text.map(Self.isURL) ?? false
        guard isRemote || (branch == nil && from == nil) else {
            throw Self.usage("--branch and --from need a URL in --warren")
        }
        guard branch == nil || from == nil else { throw Self.usage("--branch and --from exclude each other") }
        if let text, isRemote {
            self = try Self.repository(text, branch: branch, from: from)
        } else if let text {
            self = try Self.folder(at: text)
        } else if let checkout = Self.checkout(of: URL(fileURLWithPath: "/proc/self/exe")) {
            self = try Self.folder(at: checkout)
        } else {
            throw Self.usage("this tool does not lie in a checkout of Warren: say --warren PATH, or --warren URL")
        }
    }

    /// The dependency in the manifest.
    var dependency: String {
        switch self {
        case .folder(let path): #".package(name: "warren", path: "\#(path)")"#
        case .repository(let url, .branch(let name)): #".package(url: "\#(url)", branch: "\#(name)")"#
        case .repository(let url, .from(let version)): #".package(url: "\#(url)", from: "\#(version)")"#
        }
    }

    /// The name of the package in the dependencies of targets.
    var identity: String {
        guard case .repository(let url, _) = self else { return "warren" }
        let name = url.split(whereSeparator: { "/:".contains($0) }).last.map(String.init) ?? url
        return (name.hasSuffix(".git") ? String(name.dropLast(4)) : name).lowercased()
    }

    private static func isURL(_ text: String) -> Bool {
        text.contains("://") || text.hasPrefix("git@")
    }

    private static func repository(_ url: String, branch: String?, from: String?) throws -> WarrenSource {
        guard ["https://", "http://", "ssh://", "file://", "git@"].contains(where: url.hasPrefix),
            url.utf8.allSatisfy({ isPlain($0) })
        else { throw usage("--warren is a URL with https, http, ssh or file, or git@host:path") }
        // It would be in the manifest.
        guard URLComponents(string: url)?.password == nil else {
            throw usage("--warren has a password: leave it to git")
        }
        if let from {
            guard from.wholeMatch(of: /[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}/) != nil else {
                throw usage("--from is a version such as 1.0.0")
            }
            return .repository(url: url, .from(from))
        }
        let branch = branch ?? "main"
        guard !branch.isEmpty, !branch.hasPrefix("-"), branch.utf8.allSatisfy({ isPlain($0) }) else {
            throw usage("--branch is the name of a branch")
        }
        return .repository(url: url, .branch(branch))
    }

    private static func folder(at path: String) throws -> WarrenSource {
        let path = URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath().path
        guard isWarren(path) else { throw usage("there is no checkout of Warren in \(path)") }
        // The path is a text of Swift and of a Dockerfile.
        guard path.unicodeScalars.allSatisfy({ $0.value >= 0x20 && !"\"\\$".unicodeScalars.contains($0) }) else {
            throw usage("the path of Warren has a control character, a quote, a backslash or a $")
        }
        return .folder(path)
    }

    /// The folder above a program that is a checkout of Warren.
    private static func checkout(of program: URL) -> String? {
        var folder = program.resolvingSymlinksInPath().deletingLastPathComponent()
        while folder.path != "/" {
            if isWarren(folder.path) { return folder.path }
            folder.deleteLastPathComponent()
        }
        return nil
    }

    private static func isWarren(_ folder: String) -> Bool {
        let manifest = try? String(contentsOfFile: folder + "/Package.swift", encoding: .utf8)
        return manifest?.contains("\n    name: \"warren\",") ?? false
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x21...0x7E).contains(byte) && !"\"\\$".utf8.contains(byte)
    }

    private static func usage(_ message: String) -> CommandFailure {
        CommandFailure(message, code: "usage", status: ExitStatus.usage)
    }
}
