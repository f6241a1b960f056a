import ArgumentParser
import Logging

/// One side of a measurement, as a process of its own. `compare` starts these beside the raw programs.
@main
struct Load: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "One side of a measurement. Each prints one line of JSON at its end.",
        subcommands: [
            Register.self, Serve.self, Ask.self, Backlog.self, Send.self, RegisterMany.self, Discover.self,
            Idle.self, Terminate.self, Local.self, HandMailbox.self, Keep.self, Questions.self, DirectoryMemory.self,
            Pings.self, Group.self, Subscriptions.self,
        ]
    )

    /// Without a log: it would be measured too.
    static func main() async {
        LoggingSystem.bootstrap { _ in SwiftLogNoOpLogHandler() }
        await main(nil)
    }
}
