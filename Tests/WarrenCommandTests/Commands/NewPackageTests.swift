import ExchangeTestKit
import Foundation
import Testing

@testable import warren

@Suite("A new package")
struct NewPackageTests {
    private static let repository = (0..<4).reduce(URL(fileURLWithPath: #filePath)) { folder, _ in
        folder.deletingLastPathComponent()
    }

    /// Runs `warren new` in a folder.
    private func make(_ arguments: String..., in folder: String) async throws -> Tool.Run {
        try await Tool().run(["new"] + arguments, in: folder)
    }

    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("new-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder.path)
    }

    private func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    @Test("It has the files that the command prints, and takes Warren from the tool's checkout")
    func files() async throws {
        try await withFolder { folder in
            let run = try await make("Till", "--json", in: folder)
            #expect(run.exit == .code(0), "\(run.errors)")
            struct Report: Decodable {
                let name: String
                let files: [String]
            }
            let report = try run.json(Report.self)
            #expect(report.name == "Till")
            #expect(try names(folder) == ["Till"])
            let expected = [
                ".dockerignore", ".gitignore", "Dockerfile", "Package.swift", "README.md", "Sources/Till/Greeter.swift",
                "Sources/TillService/TillService.swift", "Tests/TillTests/GreeterTests.swift", "Till.service",
            ]
            #expect(report.files == expected)
            for file in expected {
                let text = try String(contentsOfFile: "\(folder)/Till/\(file)", encoding: .utf8)
                #expect(text.hasSuffix("\n") && !text.hasSuffix("\n\n"), "\(file)")
            }
            let manifest = try String(contentsOfFile: "\(folder)/Till/Package.swift", encoding: .utf8)
            let path = Self.repository.resolvingSymlinksInPath().path
            #expect(manifest.contains(#".package(name: "warren", path: "\#(path)")"#), "\(manifest)")
        }
    }

    @Test("Whatever has the name already stays as it is", arguments: ["file", "folder", "link", "broken"])
    func taken(kind: String) async throws {
        try await withFolder { folder in
            let place = "\(folder)/Till"
            let files = FileManager.default
            switch kind {
            case "file": try Data("x".utf8).write(to: URL(fileURLWithPath: place))
            case "folder": try files.createDirectory(atPath: place, withIntermediateDirectories: false)
            case "link":
                try files.createDirectory(atPath: "\(folder)/other", withIntermediateDirectories: false)
                try files.createSymbolicLink(atPath: place, withDestinationPath: "\(folder)/other")
            default: try files.createSymbolicLink(atPath: place, withDestinationPath: "\(folder)/nowhere")
            }
            let before = try names(folder)
            let run = try await make("Till", "--json", in: folder)
            #expect(run.exit == .code(1) && run.errors.contains(#""code":"in-use""#), "\(run.errors)")
            #expect(try names(folder) == before)
            if kind == "folder" || kind == "link" { #expect(try names(place).isEmpty) }
        }
    }

    @Test("Nothing is left where no file can be written")
    func unwritten() async throws {
        try await withFolder { folder in
            // A limit of the shell: files have no bytes.
            let program = try ProductsDirectory.executable("warren")
            let script = "cd '\(folder)'; trap '' XFSZ; ulimit -f 0; '\(program)' new Till >/dev/null 2>&1; echo $?"
            #expect(try await ChildProcess.run("/bin/bash", ["-c", script]) == "1")
            #expect(try names(folder).isEmpty)
        }
    }

    @Test(
        "A name that is no module's is refused with the rule",
        arguments: [
            ("", .length), (String(repeating: "a", count: 41), .length), ("a-b", .character), ("a/b", .character),
            ("..", .character), ("é", .character), ("1a", .beginning), ("_a", .beginning), ("class", .keyword),
            ("agents", .taken), ("Foundation", .taken),
        ] as [(String, PackageName.Fault)]
    )
    func refused(name: String, fault: PackageName.Fault) {
        #expect(throws: fault) { try PackageName(name) }
    }

    @Test("A refused name is status 2 and makes nothing")
    func usage() async throws {
        try await withFolder { folder in
            for arguments in [["../x"], ["Till", "--warren", folder], ["Till", "--branch", "b"]] {
                let run = try await Tool().run(["new"] + arguments, in: folder)
                #expect(run.exit == .code(2) && run.output.isEmpty, "\(run.errors)")
            }
            #expect(try names(folder).isEmpty)
        }
    }

    @Test("A repository is taken by branch or version, without a password")
    func repository() throws {
        let branch = try WarrenSource("https://host.example/a/Warren.git", branch: nil, from: nil)
        #expect(branch.dependency == #".package(url: "https://host.example/a/Warren.git", branch: "main")"#)
        #expect(branch.identity == "warren")
        let version = try WarrenSource("git@host.example:a/fork", branch: nil, from: "1.2.3")
        #expect(version.dependency == #".package(url: "git@host.example:a/fork", from: "1.2.3")"#)
        #expect(version.identity == "fork")
        let refused: [(String, String?, String?)] = [
            ("https://u:s3cr3t@host.example/a", nil, nil), ("https://h/\"", nil, nil), ("ftp://h/a", nil, nil),
            ("https://h/a", "b", "1.0.0"), ("https://h/a", nil, "1"), ("https://h/a", "-b", nil),
            ("https://h/a", "", nil),
        ]
        for (url, branch, from) in refused {
            let error = #expect(throws: CommandFailure.self, "\(url)") {
                try WarrenSource(url, branch: branch, from: from)
            }
            #expect(error?.status == ExitStatus.usage && error?.message.contains("s3cr3t") == false)
        }
    }
}
