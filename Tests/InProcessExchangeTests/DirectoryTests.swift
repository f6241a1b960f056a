import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import InProcessExchange

@Suite("The directory of an exchange")
struct DirectoryTests {
    private struct Registered {
        let id: AgentID
        let type: AgentType
    }

    @Test("It finds the living agents of each type and name in the order of registration (200 generated histories)")
    func generated() {
        let first = UInt64.random(in: 0 ... .max - 200)
        for seed in first..<(first + 200) {
            guard check(seed) else {
                Issue.record("seed \(seed)")
                return
            }
        }
    }

    /// Compares the directory with a plain list of who lives.
    private func check(_ seed: UInt64) -> Bool {
        var random = SeededGenerator(seed: seed)
        let base = AgentType("Base")
        let types = [.root, base, AgentType("Left", parents: [base]), AgentType("Right", parents: [base])]
        let all = types + [AgentType("Both", parents: Array(types[2...]))]
        let names: [String?] = [nil, "ann", "bob"]
        var directory = MailboxDirectory<Int>()
        var living: [Registered] = []
        var dead: [AgentID] = []
        for mailbox in 0..<200 {
            if Int.random(in: 0..<5, using: &random) < 3 {
                let type = all.randomElement(using: &random) ?? .root
                let id = AgentID(name: names.randomElement(using: &random) ?? nil)
                directory.register(AgentRegistration(agentID: id, type: type), mailbox)
                living.append(Registered(id: id, type: type))
            } else if let index = living.indices.randomElement(using: &random) {
                let id = living.remove(at: index).id
                dead.append(id)
                // A name is no part of an identity: whoever knows the UUID can terminate.
                guard directory.terminate(.agent(AgentID(uuid: id.uuid))) != nil else { return false }
                guard directory.terminate(.agent(id)) == nil else { return false }
            }
        }
        for type in all {
            let exact = living.filter { $0.type == type }.map(\.id)
            let related = living.filter { $0.type.isSubtype(of: type.name) }.map(\.id)
            guard directory.agents(ofType: type.name, allowSubtypes: false) == exact else { return false }
            guard directory.agents(ofType: type.name, allowSubtypes: true) == related else { return false }
        }
        for name in names.compactMap({ $0 }) {
            guard directory.agents(named: name) == living.map(\.id).filter({ $0.name == name }) else { return false }
        }
        return dead.allSatisfy { if case .terminated = directory.find(.agent($0)) { true } else { false } }
            && living.allSatisfy { if case .active = directory.find(.agent($0.id)) { true } else { false } }
    }

    @Test("An agent and a user with the same UUID are two, and who never was is missing")
    func roles() {
        let uuid = UUID()
        var directory = MailboxDirectory<Int>()
        directory.add(1, of: .user(UserID(uuid: uuid)))
        directory.register(AgentRegistration(agentID: AgentID(uuid: uuid), type: .root), 2)
        #expect(directory.terminate(.user(UserID(uuid: uuid))) == 1)
        guard case .active(2) = directory.find(.agent(AgentID(uuid: uuid))),
            case .terminated = directory.find(.user(UserID(uuid: uuid))),
            case .missing = directory.find(.user(UserID()))
        else {
            Issue.record("the directory confuses them")
            return
        }
    }
}
