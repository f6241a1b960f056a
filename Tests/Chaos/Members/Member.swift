import AgentExchange
import ChaosLedger
import Foundation

/// A process of the run: a requester or an agent.
enum Member {
    static func run() async {
        var input = InputLines()
        do {
            guard let first = await input.next() else { return }
            let order = try MemberOrder(line: first)
            let ledger = try LedgerWriter(directory: order.directory, process: order.name)
            let exchange = try order.factory(logger: try FileLog.logger(order.name, in: order.directory))
            switch order.role {
            case .requester where order.isWorkers:
                let requester = try await WorkerRequester(ledger, exchange, order)
                await obey(&input) { requester.take($0) }
            case .agent where order.isWorkers:
                let workers = WorkerServer(ledger, exchange, order)
                await obey(&input) { workers.take($0) }
            case .requester:
                let requester = try await Requester(ledger, exchange, order)
                await obey(&input) { await requester.take($0) }
            case .agent:
                let agent = Server(ledger, exchange, order)
                await obey(&input) { await agent.take($0) }
            }
        } catch {
            Chaos.say("failed \(error)")
            exit(1)
        }
    }

    private static func obey(_ input: inout InputLines, _ body: @Sendable (MemberCommand) async -> Void) async {
        while let line = await input.next() {
            if let command = try? MemberCommand(line: line) { await body(command) }
        }
    }
}
