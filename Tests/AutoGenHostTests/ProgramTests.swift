#if AutoGen
    import AutoGenProtocol
    import ExchangeTestKit
    import Foundation
    import GRPCCore
    import Testing

    @Suite("The program warren-autogen-host", .serialized)
    struct ProgramTests {
        private static func start(_ options: String...) throws -> ChildProcess {
            let program = try ProductsDirectory.executable("warren-autogen-host")
            return try ChildProcess(program, options, environment: ["WARREN_BROKER": "", "WARREN_NAMESPACE": ""])
        }

        /// Starts a host at any free port.
        private static func listening() async throws -> (program: ChildProcess, port: Int) {
            let program = try start("--listen", "127.0.0.1:0")
            let line = try #require(try await program.nextLine())
            let words = line.split(separator: " ").map(String.init)
            try #require(words.count > 3)
            #expect(line == "warren-autogen-host listens on \(words[3]) with the exchange local")
            return (program, try #require(words[3].split(separator: ":").last.flatMap { Int($0) }))
        }

        @Test(
            "It accepts connections before it says so, and ends on a signal after it has answered its callers",
            arguments: [SIGTERM, SIGINT]
        )
        func signals(number: Int32) async throws {
            let (program, port) = try await Self.listening()
            #expect(isAccepted(port: port))
            let client = try BareClient(port: port)
            let stream = try await client.open()
            try await client.register("a")
            try stream.ask("1", "a")
            _ = try await stream.request()
            program.signal(number)
            do {
                #expect(try await !stream.response("1").error.isEmpty)
            } catch {
                let end = stream.ended.value
                Issue.record("\(error); the stream: \(String(describing: end)); the host: \(program.standardError)")
            }
            guard case .failure(let status) = try await stream.end() else {
                Issue.record("the stream ended as if the host did not stop")
                return
            }
            #expect(status.code == .unavailable)
            #expect(try await program.waitForExit() == .code(0))
            await client.close()
        }

        @Test("It says nothing and fails when the address is taken")
        func taken() async throws {
            let (program, port) = try await Self.listening()
            let second = try Self.start("--listen", "127.0.0.1:\(port)")
            #expect(try await second.remainingOutput().isEmpty)
            #expect(try await second.waitForExit() == .code(1))
            #expect(second.standardError.contains("can't listen on 127.0.0.1:\(port)"))
            #expect(try await program.stop() == .code(0))
        }

        @Test("Without encryption it listens on this machine only, unless it is told that this is meant")
        func insecure() async throws {
            for address in ["0.0.0.0:0", "[::]:0"] {
                let refused = try Self.start("--listen", address)
                #expect(try await refused.remainingOutput().isEmpty)
                #expect(try await refused.waitForExit() == .code(64))
                #expect(refused.standardError.contains("--insecure"))
            }
            let meant = try Self.start("--listen", "0.0.0.0:0", "--insecure")
            #expect(try await meant.nextLine()?.hasPrefix("warren-autogen-host listens on 0.0.0.0:") == true)
            #expect(try await meant.stop() == .code(0))
        }

        /// Connects once.
        private func isAccepted(port: Int) -> Bool {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(UInt16(port)).bigEndian
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            return withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
        }
    }
#endif
