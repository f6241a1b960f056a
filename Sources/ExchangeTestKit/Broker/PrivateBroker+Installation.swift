internal import Foundation

extension PrivateBroker {
    /// Whether this machine has what a private broker needs.
    ///
    /// ```swift
    /// @Test(.enabled(if: PrivateBroker.isInstalled, "needs rabbitmq-server"))
    /// ```
    public static var isInstalled: Bool {
        let folder = ProcessInfo.processInfo.environment["PRIVATE_BROKER_BIN"] ?? "/usr/lib/rabbitmq/bin"
        return FileManager.default.isExecutableFile(atPath: folder + "/rabbitmq-server")
            && FileManager.default.isReadableFile(atPath: launcherPath)
    }

    /// What to do when ``isInstalled`` is false. With Swift Testing: `Comment(rawValue: PrivateBroker.missingReason)`.
    public static let missingReason = "RabbitMQ is not installed: sudo apt-get install rabbitmq-server"

    /// `deploy/private-broker.sh` of the package that this file belongs to.
    static let launcherPath: String = {
        var folder = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { folder.deleteLastPathComponent() }
        return folder.appendingPathComponent("deploy/private-broker.sh").path
    }()
}
