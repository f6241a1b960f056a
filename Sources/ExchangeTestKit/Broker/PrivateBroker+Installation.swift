internal import Foundation

extension PrivateBroker {
    /// Whether this machine has everything that a private broker needs.
    ///
    /// ```swift
    /// @Test(.enabled(if: PrivateBroker.isInstalled, "needs rabbitmq-server"))
    /// ```
    public static var isInstalled: Bool {
        let environment = ProcessInfo.processInfo.environment
        let folder = environment["PRIVATE_BROKER_BIN"] ?? "/usr/lib/rabbitmq/bin"
        let root = isVersion4 ? environment["PRIVATE_BROKER_ROOT"] ?? package + "/.rabbitmq-4" : ""
        return FileManager.default.isExecutableFile(atPath: root + folder + "/rabbitmq-server")
            && FileManager.default.isReadableFile(atPath: launcherPath)
    }

    /// Whether a system that `deploy/rabbitmq-4.sh` made has a RabbitMQ.
    ///
    /// - Parameter root: The folder of the system.
    public static func isInstalled(in root: String) -> Bool {
        FileManager.default.isExecutableFile(atPath: root + "/usr/lib/rabbitmq/bin/rabbitmq-server")
            && FileManager.default.isReadableFile(atPath: launcherPath)
    }

    /// Whether private brokers of this process are RabbitMQ 4, selected by `PRIVATE_BROKER=4` in the environment.
    public static var isVersion4: Bool { ProcessInfo.processInfo.environment["PRIVATE_BROKER"] == "4" }

    /// How to install RabbitMQ when ``isInstalled`` is `false`. With Swift Testing: `Comment(rawValue:
    /// PrivateBroker.missingReason)`.
    public static var missingReason: String {
        isVersion4
            ? "RabbitMQ 4 was not fetched: sudo deploy/rabbitmq-4.sh"
            : "RabbitMQ is not installed: sudo apt-get install rabbitmq-server"
    }

    /// `deploy/private-broker.sh` of the package that this file belongs to.
    static let launcherPath = package + "/deploy/private-broker.sh"

    private static let package: String = {
        var folder = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { folder.deleteLastPathComponent() }
        return folder.path
    }()
}

extension PrivateBroker.Configuration {
    /// The environment that selects the RabbitMQ of ``root``.
    var system: [String: String] { root.map { ["PRIVATE_BROKER": "4", "PRIVATE_BROKER_ROOT": $0] } ?? [:] }

    /// - Throws: ``PrivateBrokerError/notInstalled(_:)``.
    func checkInstalled() throws {
        guard root.map(PrivateBroker.isInstalled(in:)) ?? PrivateBroker.isInstalled else {
            throw PrivateBrokerError.notInstalled(root.map { "no RabbitMQ in \($0)" } ?? PrivateBroker.missingReason)
        }
    }
}
