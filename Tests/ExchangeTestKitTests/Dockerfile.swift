import Foundation
import Glibc

/// The instructions of `deploy/Dockerfile` that a test can carry out without a container engine, and `.dockerignore`.
struct Dockerfile {
    /// A COPY of one path.
    struct Copy {
        let source: String
        let destination: String
    }

    enum Problem: Error {
        /// The context of the build has no such path, or it is ignored.
        case notInContext(String)
    }

    /// What the first stage copies out of the context.
    private(set) var copies: [Copy] = []
    /// What the last stage copies out of the first.
    private(set) var finalCopies: [Copy] = []
    /// The product that `swift build --product` makes.
    private(set) var builtProduct: String?
    /// The program that the image runs.
    private(set) var entryPoint: String?

    private let root: URL
    private var patterns: [String] = []

    init(_ root: URL) throws {
        self.root = root
        let file = try String(contentsOf: root.appendingPathComponent("deploy/Dockerfile"), encoding: .utf8)
        for line in file.replacing("\\\n", with: " ").split(separator: "\n") where !line.hasPrefix("#") {
            read(line.split(separator: " ").map(String.init))
        }
        let ignored = try? String(contentsOf: root.appendingPathComponent(".dockerignore"), encoding: .utf8)
        patterns = (ignored ?? "").split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") }
    }

    private mutating func read(_ words: [String]) {
        switch words.first {
        case "COPY" where words[1].hasPrefix("--from="):
            finalCopies.append(Copy(source: words[2], destination: words[3]))
        case "COPY":
            for source in words.dropFirst().dropLast() {
                copies.append(Copy(source: source, destination: words[words.count - 1]))
            }
        case "RUN":
            guard let option = words.firstIndex(of: "--product"), option + 1 < words.count else { return }
            builtProduct = words[option + 1]
        case "ENTRYPOINT":
            entryPoint = words.dropFirst().joined().trimmingCharacters(in: CharacterSet(charactersIn: "[]\""))
        default: break
        }
    }

    /// Whether the context leaves a path out. The last pattern that fits it, or a folder that it is in, decides.
    func ignores(_ path: String) -> Bool {
        var isIgnored = false
        for pattern in patterns {
            let isException = pattern.hasPrefix("!")
            if Self.fits(path, isException ? String(pattern.dropFirst()) : pattern) { isIgnored = !isException }
        }
        return isIgnored
    }

    private static func fits(_ path: String, _ pattern: String) -> Bool {
        let parts = path.split(separator: "/")
        return (1...parts.count).contains { count in
            let start = parts.prefix(count).joined(separator: "/")
            // ** stands for any number of folders, also for none.
            let forms = [pattern, pattern.hasPrefix("**/") ? String(pattern.dropFirst(3)) : pattern]
            return forms.contains { form in
                fnmatch(form, start, FNM_PATHNAME) == 0 || (form.hasPrefix("**/") && fnmatch(form, start, 0) == 0)
            }
        }
    }

    /// Copies as the engine does: what is not ignored, a folder with its contents.
    func carryOut(_ copy: Copy, in place: String) throws {
        let files = FileManager.default
        let source = root.appendingPathComponent(copy.source).path
        guard !ignores(copy.source), files.fileExists(atPath: source) else { throw Problem.notInContext(copy.source) }
        let name = copy.destination == "./" ? copy.source : copy.destination
        var isFolder: ObjCBool = false
        _ = files.fileExists(atPath: source, isDirectory: &isFolder)
        guard isFolder.boolValue else { return try files.copyItem(atPath: source, toPath: "\(place)/\(name)") }
        try files.createDirectory(atPath: "\(place)/\(name)", withIntermediateDirectories: true)
        for item in try files.contentsOfDirectory(atPath: source).map({ "\(copy.source)/\($0)" }) where !ignores(item) {
            let below = String(item.dropFirst(copy.source.count + 1))
            try carryOut(Copy(source: item, destination: "\(name)/\(below)"), in: place)
        }
    }
}
