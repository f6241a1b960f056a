import ExchangeTestKit
import Foundation
import Testing

/// What `deploy/` does, as far as this machine can run it.
@Suite("Deployment", .serialized)
struct DeployTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static var launcher: String { root.appendingPathComponent("deploy/private-broker.sh").path }

    // MARK: The image

    private struct Description: Decodable {
        struct Product: Decodable {
            let name: String
        }

        let products: [Product]
    }

    /// No container engine is needed: the folder that the first stage builds in is made by its own COPY lines, and SwiftPM
    /// checks there that every path of the manifest exists.
    @Test("The image copies all that the package needs, and nothing that was built here")
    func image() async throws {
        let image = try Dockerfile(Self.root)
        let place = try TemporaryDirectory(prefix: "warren-image")
        for copy in image.copies { try image.carryOut(copy, in: place.path) }
        for unwanted in [".git", ".build", "Package.resolved"] {
            #expect(image.ignores(unwanted), ".dockerignore lets \(unwanted) into the context")
            #expect(!FileManager.default.fileExists(atPath: place.path(unwanted)))
        }
        let text = try await ChildProcess.run(
            "/usr/bin/env",
            ["swift", "package", "--package-path", place.path, "describe", "--type", "json"],
            timeout: .seconds(120)
        )
        let json = text.drop { $0 != "{" }
        let products = try JSONDecoder().decode(Description.self, from: Data(json.utf8)).products.map(\.name)
        let built = try #require(image.builtProduct)
        #expect(products.contains(built))
        // What the last stage takes from the first is what was built, and it is what the image runs.
        #expect(image.finalCopies.map(\.source) == ["/\(built)"])
        #expect(image.entryPoint == built && image.finalCopies[0].destination == "/usr/local/bin/\(built)")
    }

    // MARK: The private broker

    @Test(
        "Every plugin of a private broker listens on loopback only",
        .enabled(if: PrivateBroker.isInstalled, Comment(rawValue: PrivateBroker.missingReason))
    )
    func loopback() async throws {
        let plugins = ["mqtt", "stomp", "stream", "web_mqtt", "web_stomp", "prometheus", "top"]
        let broker = try await PrivateBroker.start(.init(plugins: plugins.map { "rabbitmq_\($0)" }))
        // AMQP, the management, six plugins, and what tools of the broker connect to.
        // Plugins begin to listen one after the other, some after AMQP is answered.
        let process = try #require(await broker.vmProcessID)
        let addresses = try await eventually("all to listen", value: { try Self.listening(process) }) { $0.count >= 9 }
        #expect(addresses.allSatisfy { $0.hasPrefix("0100007F:") }, "\(addresses)")
        await broker.stop()
    }

    /// The addresses that a process listens on, as the kernel writes them: 127.0.0.1 is `0100007F`.
    private static func listening(_ process: Int32) throws -> [String] {
        let files = FileManager.default
        let folder = "/proc/\(process)/fd"
        let sockets = Set(
            try files.contentsOfDirectory(atPath: folder).compactMap {
                try? files.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")
            }
        )
        // Read to the end by the handle: Foundation's reading of a whole file stops after the first page of such a table.
        let tables = try ["tcp", "tcp6"].map {
            let table = try #require(FileHandle(forReadingAtPath: "/proc/\(process)/net/\($0)"))
            return String(decoding: try table.readToEnd() ?? Data(), as: UTF8.self)
        }
        return tables.flatMap { $0.split(separator: "\n").dropFirst() }.compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 9, fields[3] == "0A", sockets.contains("socket:[\(fields[9])]") else { return nil }
            return String(fields[1])
        }
    }

    @Test(
        "A private broker that would listen elsewhere is ended, with a line that says so",
        .enabled(if: PrivateBroker.isInstalled, Comment(rawValue: PrivateBroker.missingReason))
    )
    func listeningElsewhere() async throws {
        let directory = try TemporaryDirectory()
        let conf = try directory.write("listeners.tcp.2 = 0.0.0.0:0\n", to: "more.conf")
        let launcher = try ChildProcess(
            "/bin/bash",
            [Self.launcher, "run", "--directory", directory.path("broker"), "--plugins", "", "--conf", conf]
        )
        #expect(try await launcher.waitForExit(timeout: .seconds(120)) == .code(1))
        let errors = try await launcher.remainingErrors()
        #expect(errors.contains("not only loopback"), "\(errors)")
    }

    @Test(
        "Settings and plugins that are given for a folder that was kept count",
        .enabled(if: PrivateBroker.isInstalled, Comment(rawValue: PrivateBroker.missingReason))
    )
    func keptFolder() async throws {
        let directory = try TemporaryDirectory()
        let conf = try directory.write("consumer_timeout = 4711000\n", to: "more.conf")
        let folder = directory.path("broker")
        try await run(["--directory", folder, "--keep", "--plugins", ""]) { directory in
            let environment = try await control(directory, "environment")
            #expect(environment.contains("{consumer_timeout,1800000}"))
        }
        try await run(["--directory", folder, "--keep", "--plugins", "rabbitmq_top", "--conf", conf]) { directory in
            let environment = try await control(directory, "environment")
            #expect(environment.contains("{consumer_timeout,4711000}"))
        }
        // What was given before is kept with the data.
        try await run(["--directory", folder]) { directory in
            let environment = try await control(directory, "environment")
            #expect(environment.contains("{consumer_timeout,4711000}") && environment.contains("{rabbitmq_management,"))
        }
    }

    private func control(_ directory: String, _ command: String) async throws -> String {
        try await ChildProcess.run("/bin/bash", [Self.launcher, "ctl", directory, command], timeout: .seconds(120))
    }

    private func run(_ arguments: [String], _ body: (String) async throws -> Void) async throws {
        let launcher = try ChildProcess("/bin/bash", [Self.launcher, "run"] + arguments)
        var directory = ""
        _ = try await launcher.line(timeout: .seconds(120)) { line in
            if line.hasPrefix("directory=") { directory = String(line.dropFirst("directory=".count)) }
            return line.hasPrefix("ready=")
        }
        try await body(directory)
        try launcher.write("stop")
        #expect(try await launcher.waitForExit(timeout: .seconds(60)) == .code(0))
    }
}
