import ExchangeTestKit
import Foundation
import Testing

/// The RabbitMQs of an upgrade: systems in folders of the project, which `deploy/rabbitmq-4.sh` makes with the packages of two releases of
/// Debian.
struct BrokerUpgrade: Sendable {
    /// The folder of RabbitMQ 4.0.
    let old: String
    /// The folder of a later one, whose nodes take over the data of 4.0.
    let new: String
    /// The version of the later one, such as `4.3.6`.
    let version: String

    /// A test of an upgrade is a long one. Where a system can't be made, a line says so, and the test is not run.
    static let isPossible = ConditionTrait.enabled("a long form with two versions of RabbitMQ: make test-long") {
        guard LongForm.isWanted else { return false }
        return await fetched.value != nil
    }

    /// The systems, fetched on first use; `nil` where they can't be had.
    static let fetched = Task { () -> BrokerUpgrade? in
        do {
            return try await fetch()
        } catch {
            print("No upgrade of the broker was tried: \(error)")
            return nil
        }
    }

    private static func fetch() async throws -> BrokerUpgrade {
        let project = (0..<4).reduce(URL(fileURLWithPath: #filePath)) { place, _ in place.deletingLastPathComponent() }
            .path
        let environment = ProcessInfo.processInfo.environment
        let old = environment["PRIVATE_BROKER_ROOT"] ?? project + "/.rabbitmq-4"
        let new = environment["PRIVATE_BROKER_NEXT_ROOT"] ?? project + "/.rabbitmq-4-next"
        for (root, suite) in [(old, "trixie"), (new, "sid")] {
            _ = try await ChildProcess.run(
                "/bin/bash",
                [project + "/deploy/rabbitmq-4.sh"],
                environment: ["PRIVATE_BROKER_ROOT": root, "PRIVATE_BROKER_SUITE": suite],
                timeout: .seconds(600)
            )
        }
        let (from, to) = (try version(in: old), try version(in: new))
        guard from.hasPrefix("4.0."), ["4.1.", "4.2.", "4.3."].contains(where: to.hasPrefix) else {
            throw Unknown(description: "whether RabbitMQ \(to) takes over the data of \(from) is not known here")
        }
        return BrokerUpgrade(old: old, new: new, version: to)
    }

    /// Reads the version out of the name of the folder that the package has its libraries in.
    private static func version(in root: String) throws -> String {
        let folder = root + "/usr/lib/rabbitmq/lib"
        let prefix = "rabbitmq_server-"
        guard
            let name = try FileManager.default.contentsOfDirectory(atPath: folder).first(where: { $0.hasPrefix(prefix) }
            )
        else { throw Unknown(description: "\(folder) has no RabbitMQ") }
        return String(name.dropFirst(prefix.count))
    }

    private struct Unknown: Error, CustomStringConvertible {
        let description: String
    }
}
