import ArgumentParser
import Foundation

/// `warren new`.
struct NewCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Makes a package with one agent, which builds and passes its test.",
        discussion: """
            The folder NAME must not exist. It gets a library with the agent, a program that runs it, a test on the in-process \
            exchange, a Dockerfile, a systemd unit and a README. After an error nothing is left. Warren is by default the checkout \
            that this tool was built in. No broker is needed.

            EXAMPLE
              warren new Till --warren ../warren && cd Till && swift test
            """
    )

    @Argument(help: "The name of package, library and folder: a letter, then letters, digits and _.")
    var name: String

    @Option(help: ArgumentHelp("A checkout of Warren, or the URL of its git repository.", valueName: "path or url"))
    var warren: String?

    @Option(help: ArgumentHelp("The branch, with a URL; main unless said.", valueName: "name"))
    var branch: String?

    @Option(help: ArgumentHelp("The lowest version, with a URL.", valueName: "version"))
    var from: String?

    @Flag(help: "Print JSON.")
    var json = false

    private struct Report: Encodable {
        let name: String
        let files: [String]
    }

    func execute(_ console: Console) async throws {
        let template: PackageTemplate
        do {
            template = PackageTemplate(
                name: try PackageName(name),
                source: try WarrenSource(warren, branch: branch, from: from)
            )
        } catch let fault as PackageName.Fault {
            throw CommandFailure("\(fault): \(name)", code: "usage", status: ExitStatus.usage)
        }
        let files = template.files
        try PackageFolder.make(name, files)
        let paths = files.keys.sorted()
        if json { return try console.object(Report(name: name, files: paths)) }
        for path in paths { try console.line("\(name)/\(path)") }
        console.note("cd \(name) && swift test")
    }
}
