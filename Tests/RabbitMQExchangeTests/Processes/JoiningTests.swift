import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension BrokerTests {
    @Suite("Joining from another process")
    struct JoiningTests {
        @Test("Another process discovers an agent as soon as its registration has returned")
        func discovers() async throws {
            let scene = try await Scene()
            let registrar = try await PeerProcess(try scene.exchange("registrar"))
            let seeker = try await PeerProcess(try scene.exchange("seeker"))
            _ = try await registrar.ask("user", for: "ready")
            _ = try await seeker.ask("user", for: "ready")
            var all: [String] = []
            for _ in 1...20 {
                let text = try await registrar.ask("register Clerk", for: "registered")
                let registration = try JSONDecoder().decode(AgentRegistration.self, from: Data(text.utf8))
                all.append(registration.agentID.uuid.uuidString)
                let found = try await seeker.ask("discover Clerk", for: "found").split(separator: " ").map(String.init)
                #expect(found == all)
            }
            #expect(try await registrar.ask("close") == "closed")
            #expect(try await seeker.ask("close") == "closed")
        }

        @Test("An encoded factory has no password; the other process takes it from WARREN_BROKER")
        func passwordStaysHome() async throws {
            let scene = try await Scene()
            let (name, password) = ("clerk-\(scene.namespace)", "s3cret-\(UUID().uuidString)")
            try await scene.broker.control("add_user", name, password)
            try await scene.broker.control("set_permissions", name, ".*", ".*", ".*")
            let url = "amqp://\(name):\(password)@\(scene.broker.host):\(scene.broker.port)"
            let factory = try RabbitMQExchange(url: url, namespace: scene.namespace)
            var dumped = ""
            dump(factory, to: &dumped)
            let encoded = String(decoding: try JSONEncoder().encode(factory), as: UTF8.self)
            for text in [encoded, dumped, "\(factory)", String(reflecting: factory)] {
                #expect(!text.contains(password))
                #expect(text.contains(name))
            }
            let base64 = Data(password.utf8).base64EncodedString()
            #expect(!encoded.contains(base64))

            let peer = try await PeerProcess(factory, environment: ["WARREN_BROKER": url])
            let commandLine = try Data(contentsOf: URL(fileURLWithPath: "/proc/\(peer.process.id)/cmdline"))
            #expect(!String(decoding: commandLine, as: UTF8.self).contains(password))
            #expect(!commandLine.isEmpty)
            _ = try await peer.ask("user", for: "ready")
            #expect(try await peer.ask("close") == "closed")

            let stranger = try await PeerProcess(factory, environment: ["WARREN_BROKER": "", "WARREN_PASSWORD": ""])
            #expect(try await stranger.ask("user") == "failed unauthorized")
            let mistaken = try await PeerProcess(
                factory,
                environment: ["WARREN_BROKER": "", "WARREN_PASSWORD": "wrong"]
            )
            #expect(try await mistaken.ask("user") == "failed unauthorized")
            for process in [peer, stranger, mistaken] { #expect(!process.process.standardError.contains(password)) }
        }

        @Test("A process that closed its clients has the threads and descriptors it had before")
        func nothingIsLeftInTheProcess() async throws {
            let scene = try await Scene()
            let peer = try await PeerProcess(try scene.exchange("peer"))
            func cycle() async throws {
                _ = try await peer.ask("user", for: "ready")
                let text = try await peer.ask("register Clerk", for: "registered")
                #expect(try await peer.ask("agent \(text)") == "ready")
                #expect(try await peer.ask("close") == "closed")
            }
            // The first time, the runtime makes threads and descriptors that it keeps.
            try await cycle()
            try await cycle()
            let before = try await peer.ask("count", for: "count")
            for _ in 1...3 { try await cycle() }
            try await eventually("the same as \(before)", value: { try await peer.ask("count", for: "count") }) {
                Counts($0).isAtMost(Counts(before))
            }
        }

        /// What the other process counted: descriptors, sockets among them, event descriptors, threads.
        private struct Counts {
            let numbers: [Int]

            init(_ text: String) { numbers = text.split(separator: " ").prefix(4).compactMap { Int($0) } }

            func isAtMost(_ other: Counts) -> Bool {
                numbers.count == 4 && zip(numbers, other.numbers).allSatisfy { $0 <= $1 }
            }
        }
    }
}
