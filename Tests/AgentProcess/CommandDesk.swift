import AgentExchange
import Foundation

/// Carries out the commands that a test sends.
actor CommandDesk {
    private let factory: any ExchangeFactory
    private var clients: [any ExchangeClient] = []

    init(factory: any ExchangeFactory) {
        self.factory = factory
    }

    /// Carries out one command and says how it ended.
    func carryOut(_ line: String) async {
        let words = line.split(separator: " ", maxSplits: 1).map(String.init)
        let argument = words.count > 1 ? words[1] : ""
        do {
            switch words.first {
            case "agent": AgentProcess.say(try await serve(argument))
            case "standby": AgentProcess.say(try await serve(argument, .standby))
            case "user": AgentProcess.say(try await makeUser())
            case "register": AgentProcess.say(try await register(argument))
            case "discover": AgentProcess.say(try await discover(argument))
            case "call": try call(argument)
            case "pull": try pull(argument)
            case "terminate": AgentProcess.say(try await terminate(argument))
            case "open": await Barrier.shared.open()
            case "close": AgentProcess.say(await close())
            case "count": AgentProcess.say(try Self.count())
            default: AgentProcess.say("unknown command")
            }
        } catch let error as ExchangeError {
            AgentProcess.say("failed \(error.code)")
        } catch {
            AgentProcess.say("failed \(error)")
        }
    }

    private func serve(_ registration: String, _ mode: AttachMode = .exclusive) async throws -> String {
        let registration = try JSONDecoder().decode(AgentRegistration.self, from: Data(registration.utf8))
        clients.append(try await factory.makeAgentClient(registration, mode: mode, requestHandler: Actions.serve))
        return "ready"
    }

    private func makeUser() async throws -> String {
        let user = try await factory.makeUserClient(name: "user of a process")
        clients.append(user)
        return "ready \(user.id.uuid)"
    }

    private func user() throws -> any ExchangeClient {
        guard let user = clients.last(where: { $0 is UserExchangeClient }) else {
            throw CocoaError(.featureUnsupported)
        }
        return user
    }

    private func register(_ typeName: String) async throws -> String {
        let registration = try await user().registerAgent(AgentType(typeName))
        return "registered \(String(decoding: try JSONEncoder().encode(registration), as: UTF8.self))"
    }

    private func discover(_ typeName: String) async throws -> String {
        let found = try await user().discover(typeNamed: typeName, allowSubtypes: true)
        return "found " + found.map(\.uuid.uuidString).joined(separator: " ")
    }

    /// `UUID ACTION`; says `answer RESULT` when the answer is there.
    private func call(_ text: String) throws {
        let words = text.split(separator: " ")
        guard words.count == 2, let uuid = UUID(uuidString: String(words[0])) else {
            throw CocoaError(.coderInvalidValue)
        }
        let handle = try user().handle(to: AgentID(uuid: uuid))
        let action = String(words[1])
        Task {
            do throws(ExchangeError) {
                AgentProcess.say("answer \(try await handle.action(action, returning: Int.self))")
            } catch {
                AgentProcess.say("failed \(error.code)")
            }
        }
    }

    /// `UUID ACTION COUNT`: pulls so many streams; says `pulling` for each that has its first part.
    private func pull(_ text: String) throws {
        let words = text.split(separator: " ")
        guard words.count == 3, let uuid = UUID(uuidString: String(words[0])), let count = Int(words[2]) else {
            throw CocoaError(.coderInvalidValue)
        }
        let handle = try user().handle(to: AgentID(uuid: uuid))
        for _ in 0..<count {
            Task {
                var isFirst = true
                do {
                    for try await _ in handle.stream(String(words[1]), deadline: .seconds(3600)) {
                        if isFirst { AgentProcess.say("pulling") }
                        isFirst = false
                        try await Task.sleep(for: .seconds(1))
                    }
                    AgentProcess.say("pulled")
                } catch {
                    AgentProcess.say("failed \(error)")
                }
            }
        }
    }

    private func terminate(_ text: String) async throws -> String {
        guard let uuid = UUID(uuidString: text) else { throw CocoaError(.coderInvalidValue) }
        try await user().terminate(AgentID(uuid: uuid))
        return "terminated"
    }

    /// Lets what runs be answered, and then closes.
    func end() async {
        for case let agent as AgentExchangeClient in clients { await agent.drain(grace: .seconds(20)) }
        _ = await close()
    }

    private func close() async -> String {
        for client in clients { await client.close() }
        clients = []
        return "closed"
    }

    /// The open descriptors, without the one that is needed to count them, and the threads.
    private static func count() throws -> String {
        let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap {
            try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")
        }
        let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").map { id in
            let name = try? String(contentsOfFile: "/proc/self/task/\(id)/comm", encoding: .utf8)
            return name?.trimmingCharacters(in: .whitespacesAndNewlines) ?? "?"
        }
        let sockets = descriptors.filter { $0.hasPrefix("socket:") }.count
        let events = descriptors.filter { $0.hasPrefix("anon_inode:") }.count
        return "count \(descriptors.count) \(sockets) \(events) \(threads.count) \(threads.sorted())"
    }
}
