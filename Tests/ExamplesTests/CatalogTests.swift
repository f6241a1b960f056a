import Foundation
import Testing

/// The documentation shows code that is compiled.
@Suite("The code in the DocC catalogs and on the first page")
struct CatalogTests {
    private static let repository = (0..<3).reduce(URL(fileURLWithPath: #filePath)) { folder, _ in
        folder.deletingLastPathComponent()
    }

    @Test("Each Swift block is in one of the examples, line for line")
    func isInExamples() throws {
        let folders = ["examples", "Tests/Outside/Sources", "Tests/AgentMacrosTests/Support"]
        let programs = try folders.flatMap { try Self.files($0, withExtension: "swift") }
            .map { Self.code(try Self.lines($0)) }
        var count = 0
        let pages = try Self.files("Sources", withExtension: "md").filter { $0.path.contains(".docc/") }
        for page in pages + [Self.repository.appendingPathComponent("README.md")] {
            for block in try Self.blocks(page) where block.first?.hasPrefix("// swift-tools-version") != true {
                count += 1
                let isKnown = programs.contains { $0.contains(Self.code(block)) }
                #expect(isKnown, "\(page.lastPathComponent): \(block.first ?? "")")
            }
        }
        #expect(count > 10)
    }

    private static func files(_ folder: String, withExtension suffix: String) throws -> [URL] {
        let folder = repository.appendingPathComponent(folder)
        return try FileManager.default.subpathsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".\(suffix)") }
            .map { folder.appendingPathComponent($0) }
    }

    private static func lines(_ file: URL) throws -> [Substring] {
        try String(contentsOf: file, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false)
    }

    /// The lines without their indentation, each between line feeds.
    private static func code(_ lines: [Substring]) -> String {
        "\n" + lines.map { $0.drop { $0 == " " } }.joined(separator: "\n") + "\n"
    }

    private static func blocks(_ page: URL) throws -> [[Substring]] {
        var blocks: [[Substring]] = []
        var block: [Substring]?
        for line in try lines(page) {
            if let open = block, line == "```" {
                blocks.append(open)
                block = nil
            } else if block != nil {
                block?.append(line)
            } else if line == "```swift" {
                block = []
            }
        }
        return blocks
    }
}
