import ExchangeTestKit
import Foundation

/// What the command line says.
struct Options {
    /// How long faults go on.
    var minutes = 1.0
    /// Where the random choices begin.
    var seed = UInt64.random(in: 1...999_999)
    /// Where the ledgers go; a new directory, which is removed when all is well, unless it is said.
    var directory: String?
    /// Whether the mailboxes are replicated.
    var isReplicated = true
    /// Broker nodes.
    var nodes = 1
    /// The kinds of faults; all of them when there are none.
    var faults: Set<String> = []
    /// Whether holds are renewed every two seconds, as if the broker's acknowledgement timeout were four.
    var renews = false
    /// Whether requesters and agents talk directly where they can.
    var isHybrid = false
    /// Whether agents are the workers of shared agent types, and requesters publish events too.
    var isWorkers = false
    /// A fault that the check has to find: a worker breaks a promise on purpose.
    var sabotage: Sabotage?
    /// Whether the verdict is printed as JSON.
    var isJSON = false
    /// Only looks at the ledgers of a run that was.
    var check: String?

    static let usage = """
        chaos [--minutes N] [--seed N] [--exchange rabbitmq|hybrid] [--workers] [--mailboxes replicated|single] [--nodes 1|3]
              [--renew] [--faults kill,cut,…] [--directory D] [--json]
              [--sabotage drop-answers|events-to-all|ignore-removals|two-owners]
        chaos --check DIRECTORY [--renew] [--json]
        """

    /// - Returns: `nil` when it can't be understood.
    init?(_ arguments: ArraySlice<String>) {
        var rest = arguments
        while let name = rest.popFirst() {
            switch name {
            case "--json":
                isJSON = true
                continue
            case "--renew":
                renews = true
                continue
            case "--workers":
                isWorkers = true
                continue
            default: break
            }
            guard let value = rest.popFirst() else { return nil }
            switch name {
            case "--minutes": minutes = Double(value) ?? minutes
            case "--seed": seed = UInt64(value) ?? seed
            case "--directory": directory = value
            case "--mailboxes": isReplicated = value != "single"
            case "--exchange": isHybrid = value == "hybrid"
            case "--nodes": nodes = Int(value) ?? nodes
            case "--faults": faults = Set(value.split(separator: ",").map(String.init))
            case "--check": check = value
            case "--sabotage":
                guard let wanted = Sabotage(rawValue: value) else { return nil }
                sabotage = wanted
                isWorkers = true
            default: return nil
            }
        }
    }
}
