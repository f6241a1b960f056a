#if Hybrid
    import AgentExchange
    import ExchangeTestKit
    import Foundation
    import HybridExchange
    import RabbitMQExchange
    import Testing

    @Suite(
        "Operators see what goes directly",
        .serialized,
        .enabled(if: PrivateBroker.isInstalled, "\(PrivateBroker.missingReason)")
    )
    struct HybridOperatorTests {
        /// The tool as a process.
        private func run(_ scene: HybridScene, _ arguments: [String]) async throws -> (output: String, exit: ChildExit)
        {
            let environment = [
                "WARREN_BROKER": scene.broker.amqpURL, "WARREN_NAMESPACE": scene.namespace, "COLUMNS": "",
                "WARREN_LOG": "",
            ]
            let child = try ChildProcess(
                "/bin/sh",
                ["-c", "exec \"$0\" \"$@\" 2>&1", try ProductsDirectory.executable("warren")] + arguments,
                environment: environment
            )
            child.closeInput()
            let output = try await child.remainingOutput(timeout: .seconds(60))
            return (output, try await child.waitForExit(timeout: .seconds(60)))
        }

        private struct Line: Decodable {
            let direct: Int?
            let consumers: Int
        }

        private struct Peers: Decodable {
            struct Connection: Decodable {
                let session: String
                let address: String
                let lanes: Int
            }

            let session: String
            let directRequests: Int
            let leaseSeconds: Double
            let connectionCount: Int
            let connections: [Connection]
        }

        @Test("Status, mailboxes and peers show the requests that the queue does not have")
        func shown() async throws {
            let scene = try await HybridScene()
            let gate = Gate()
            let agent = try await scene.agent { request, _ in
                guard case .action(let name, _) = request.body else { return request.response() }
                if name == "wait" { await gate.pass() }
                return try request.response(encoding: 0)
            }
            let (user, id) = (try await scene.user(), agent.registration.agentID)
            let handle = user.handle(to: id)
            try await scene.rise(handle)
            let calls = (1...3).map { _ in Task { try await handle.action("wait", returning: Int.self) } }
            try await gate.waitForVisitor(3)

            let asking = try await scene.caller.makeUserTransport(name: nil)
            #expect(try await asking.details(of: .agent(id)).directRequests == 3)
            await asking.close()
            let own = try await scene.server.makeUserTransport(name: nil)
            #expect(try await own.details(of: .agent(id)).directRequests == 3, "asked in the owner's own process")
            await own.close()

            let uuid = id.uuid.uuidString.lowercased()
            let status = try await run(scene, ["status", uuid])
            #expect(status.output.contains("DIRECT") && status.exit == .code(0), "\(status.output)")
            for command in [["status", uuid, "--json"], ["mailboxes", "--json"]] {
                let lines = try JSONDecoder().decode(
                    [Line].self,
                    from: Data(try await run(scene, command).output.utf8)
                )
                #expect(lines.contains { $0.direct == 3 && $0.consumers == 1 }, "\(command)")
            }
            let text = try await run(scene, ["peers", uuid, "--json"]).output
            let peers = try JSONDecoder().decode(Peers.self, from: Data(text.utf8))
            #expect(peers.directRequests == 3)
            #expect(peers.connectionCount == 1 && peers.connections.count == 1)
            #expect(peers.connections.first?.address.contains("127.0.0.1") == true, "\(text)")
            #expect((peers.connections.first?.lanes ?? 0) > 0)
            #expect(peers.leaseSeconds > 0 && peers.leaseSeconds <= 4)
            let table = try await run(scene, ["peers", uuid])
            #expect(table.output.contains("UNANSWERED") && table.output.contains(peers.session), "\(table.output)")

            gate.open()
            for call in calls { _ = try await call.value }
            await user.close()
            await agent.close()
            let closed = try await run(scene, ["peers", uuid])
            #expect(closed.exit == .code(1) && closed.output.contains("no process answers"), "\(closed.output)")
        }

        @Test("The process of an exchange without direct ways says so")
        func noDirectWays() async throws {
            let scene = try await HybridScene()
            let agent = try await scene.caller.broker.registerAndServe()
            let uuid = agent.registration.agentID.uuid.uuidString.lowercased()
            // An exchange on the same broker, whose session has no direct way.
            let peers = try await run(scene, ["peers", uuid])
            #expect(peers.exit == .code(1) && peers.output.contains("has no direct ways"), "\(peers.output)")
            #expect(try await run(scene, ["status", uuid]).output.contains(" - "))
            let doctor = try await run(scene, ["doctor"])
            #expect(doctor.exit == .code(0) && !doctor.output.contains("direct ways"), "\(doctor.output)")
            await agent.close()
        }

        @Test("The doctor dials the owners, and tells an address that refuses, and one behind a firewall")
        func doctor() async throws {
            let scene = try await HybridScene()
            let agent = try await scene.agent()
            let good = try await run(scene, ["doctor"])
            #expect(good.exit == .code(0), "\(good.output)")
            #expect(good.output.contains("ok    direct ways       1 addresses of 1 processes answer"), "\(good.output)")
            await agent.close()

            let place = try FaultProxy(targetPort: 1)
            try await place.set(.refuse)
            let refusing = try await HybridScene(direct: { _, server in
                server.advertise = "127.0.0.1:\(place.listenPort)"
            })
            let second = try await refusing.agent()
            let refused = try await run(refusing, ["doctor"])
            #expect(
                refused.output.contains("warn  direct ways       nothing listens at tcp://127.0.0.1:"),
                "\(refused.output)"
            )
            #expect(refused.output.contains("fix: check advertise"), "\(refused.output)")
            await second.close()
            await place.stop()

            let silent = try SilentPort()
            let dropping = try await HybridScene(direct: { _, server in server.advertise = "127.0.0.1:\(silent.port)" })
            let third = try await dropping.agent()
            let dropped = try await run(dropping, ["doctor"])
            #expect(dropped.output.contains("does not answer in time"), "\(dropped.output)")
            #expect(dropped.output.contains("fix: a firewall"), "\(dropped.output)")
            await third.close()
            silent.close()
        }
    }

    extension RabbitMQExchange {
        /// Registers an agent and serves it through the broker alone.
        fileprivate func registerAndServe() async throws -> AgentExchangeClient {
            var copy = self
            copy.direct = nil
            let registration = try await copy.registration(named: UUID().uuidString, type: AgentType("Echo"))
            return try await copy.makeAgentClient(registration) { request, _ in request.response() }
        }
    }

    /// A port whose queue of connections is full, so that the kernel drops further ones as a firewall does.
    private struct SilentPort {
        let port: Int
        private let descriptors: [Int32]

        init() throws {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            func with<Result>(_ body: (UnsafeMutablePointer<sockaddr>) -> Result) -> Result {
                withUnsafeMutablePointer(to: &address) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1, body) }
            }
            let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            let isBound = with { bind(listener, $0, length) } == 0
            guard listener >= 0, isBound, listen(listener, 0) == 0 else { throw CocoaError(.fileWriteUnknown) }
            _ = with { getsockname(listener, $0, &length) }
            port = Int(UInt16(bigEndian: address.sin_port))
            let fillers = (1...4).map { _ -> Int32 in
                let filler = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
                _ = with { connect(filler, $0, length) }
                return filler
            }
            descriptors = [listener] + fillers
        }

        func close() {
            for descriptor in descriptors { _ = Foundation.close(descriptor) }
        }
    }
#endif
