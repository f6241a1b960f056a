#if Macros
    import ExchangeTestKit
    import Foundation
    import Testing

    /// Compiles the files of `Mistakes` with the compiler of the toolchain. Comments in them have the errors of the next line.
    @Suite("Mistakes with interfaces are errors at their place")
    struct MistakeTests {
        @Test("Each has the message that its comment names", arguments: ["Declarations", "Programs"])
        func messages(_ name: String) async throws {
            let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .appendingPathComponent("Mistakes/\(name).swift")
            let named = Self.named(in: try String(contentsOf: file, encoding: .utf8))
            #expect(named.count >= 10)
            #expect(try await Self.errors(of: file) == named)
        }

        /// The errors that comments name as `line: message`.
        private static func named(in source: String) -> [String] {
            let mark = "// error: "
            var waiting: [Substring] = []
            var named: [String] = []
            for (number, line) in source.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
                let text = line.drop { $0 == " " }
                if text.hasPrefix(mark) {
                    waiting.append(text.dropFirst(mark.count))
                } else {
                    named += waiting.map { "\(number + 1): \($0)" }
                    waiting = []
                }
            }
            return named
        }

        /// The errors of a file as `line: message`, in the order of the lines.
        private static func errors(of file: URL) async throws -> [String] {
            let products = ProductsDirectory.url.path
            let plugin = "\(products)/AgentMacrosPlugin-tool#AgentMacrosPlugin"
            let swift = ProcessInfo.processInfo.environment["SWIFT"] ?? "swift"
            let compiler = try ChildProcess(
                "/usr/bin/env",
                [swift + "c", "-typecheck", "-swift-version", "6", "-diagnostic-style", "llvm"]
                    + ["-I", "\(products)/Modules"] + (try modulesOfC()).flatMap { ["-I", $0] }
                    + ["-load-plugin-executable", plugin, file.path]
            )
            compiler.closeInput()
            let output = try await compiler.remainingErrors(timeout: .seconds(120))
            #expect(try await compiler.waitForExit() == .code(1), "\(output)")
            let found = output.split(separator: "\n").compactMap { line -> (line: Int, text: String)? in
                guard let error = line.firstRange(of: ": error: ") else { return nil }
                let place = line[..<error.lowerBound].split(separator: ":")
                guard place.count == 3, place[0].hasSuffix(file.lastPathComponent), let number = Int(place[1]) else {
                    return (0, String(line))
                }
                // The compiler adds the name of the macro.
                let text = line[error.upperBound...]
                let end = text.firstRange(of: " (from macro '")?.lowerBound ?? text.endIndex
                return (number, "\(number): \(text[..<end])")
            }
            return found.enumerated()
                .sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }
                .map(\.element.text)
        }

        /// The folders of the modules in C that Warren's dependencies use.
        private static func modulesOfC() throws -> [String] {
            let build = ProductsDirectory.url.deletingLastPathComponent().deletingLastPathComponent()
            let checkouts = build.appendingPathComponent("checkouts")
            let files = FileManager.default
            return try files.contentsOfDirectory(atPath: checkouts.path).flatMap { package -> [String] in
                let sources = checkouts.appendingPathComponent(package).appendingPathComponent("Sources")
                let targets = (try? files.contentsOfDirectory(atPath: sources.path)) ?? []
                return targets.map { sources.appendingPathComponent($0).appendingPathComponent("include").path }
            }
            .filter { files.fileExists(atPath: $0 + "/module.modulemap") }
        }
    }
#endif
