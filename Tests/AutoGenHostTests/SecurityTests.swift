#if AutoGen
    import AgentExchange
    import AutoGenProtocol
    import ExchangeTestKit
    import Foundation
    import GRPCCore
    import GRPCNIOTransportHTTP2Posix
    import Testing

    @testable import AutoGenHost

    @Suite("The rights of clients", .serialized)
    struct SecurityTests {
        @Test("A policy names rights by subject, with beginnings of names, and refuses everything else")
        func rules() throws {
            let policy = try HostPolicy(
                json: Data(
                    """
                    {
                        "CN=a": { "register": ["solver*", "one"], "subscribe": ["tasks*"] },
                        "CN=none": {},
                        "*": { "send": ["*"] }
                    }
                    """.utf8
                )
            )
            #expect(policy.allows(.register, "solver7", subject: "CN=a"))
            #expect(policy.allows(.register, "one", subject: "CN=a"))
            #expect(!policy.allows(.register, "one2", subject: "CN=a"))
            #expect(!policy.allows(.send, "x", subject: "CN=a"))
            #expect(policy.allows(.send, "x", subject: "CN=b"))
            #expect(policy.allows(.send, "x", subject: nil))
            #expect(!policy.allows(.send, "x", subject: "CN=none"))
            #expect(policy.allows(.subscribe, "tasks.", isPrefix: true, subject: "CN=a"))
            #expect(!policy.allows(.subscribe, "task", isPrefix: true, subject: "CN=a"))
            #expect(!policy.allows(.subscribe, "", isPrefix: true, subject: "CN=a"))
            for text in ["", "[]", "{\"a\": []}", "{\"a\": {\"do\": []}}", "{\"a\": {\"send\": \"x\"}}"] {
                let error = #expect(throws: ExchangeError.self) { try HostPolicy(json: Data(text.utf8)) }
                #expect(error?.code == .invalidConfiguration)
            }
        }

        @Test("Refusals are answered")
        func refusals() async throws {
            let json =
                "{ \"*\": { \"register\": [\"a\"], \"send\": [\"a\"], \"publish\": [\"news\"], \"subscribe\": [\"news\"] } }"
            let policy = try HostPolicy(json: Data(json.utf8))
            try await withScene {
                $0.policy = policy
            } _: { scene in
                let (client, stream) = try await scene.worker("a")
                await fails(.permissionDenied, "") { try await client.register("b") }
                try await client.subscribe("a", "news")
                await fails(.permissionDenied, "") { try await client.subscribe("a", "other") }
                await fails(.permissionDenied, "") { try await client.subscribe("a", "news", isPrefix: true) }
                try stream.ask("1", "b")
                #expect(try await stream.response("1").error.hasPrefix("forbidden"))
                try stream.publish("other", "x")
                try stream.publish("news", "y")
                #expect(try await stream.event().text == "y")
                #expect(scene.drops(.forbidden) == 1)
            }
        }

        @Test(
            "With certificates, a client id belongs to the subject that came with it first",
            .enabled(if: BrokerCertificates.canBeMade)
        )
        func certificates() async throws {
            let files = try await Certificates(clients: ["ann", "bob"])
            let policy = try HostPolicy(json: Data("{ \"CN=ann\": { \"register\": [\"a\"] } }".utf8))
            try await withScene {
                $0.encryption = HostEncryption(
                    certificate: files.host,
                    key: files.hostKey,
                    clientAuthority: files.authority
                )
                $0.policy = policy
            } _: { scene in
                let ann = try BareClient(port: scene.port, security: files.security(of: "ann"))
                let bob = try BareClient(port: scene.port, security: files.security(of: "bob"))
                let thief = try BareClient(port: scene.port, id: ann.id, security: files.security(of: "bob"))
                let nobody = try BareClient(port: scene.port, security: files.security(of: nil))
                try await ann.register("a")
                await fails(.permissionDenied, "The policy") { try await bob.register("a") }
                await fails(.permissionDenied, "The client id") { try await thief.register("a") }
                // Its connection is refused; the library tries again until the call's deadline.
                await #expect(throws: RPCError.self) { try await nobody.register("a", deadline: .seconds(1)) }
                for client in [ann, bob, thief, nobody] { await client.close() }
            }
        }
    }

    /// An authority, and certificates that it signed, in files of a temporary directory.
    struct Certificates: Sendable {
        private let directory: TemporaryDirectory

        var authority: String { directory.path("ca.pem") }
        var host: String { directory.path("localhost.pem") }
        var hostKey: String { directory.path("localhost.key") }

        init(clients: [String]) async throws {
            directory = try TemporaryDirectory(prefix: "warren-host")
            let newKey = ["-newkey", "rsa:2048", "-nodes"]
            let authorityKey = directory.path("ca.key")
            try await Self.run(
                ["req", "-x509"] + newKey + [
                    "-days", "2", "-subj", "/CN=ca", "-keyout", authorityKey, "-out", authority,
                ]
            )
            for name in ["localhost"] + clients {
                let request = directory.path("\(name).csr")
                let names = try directory.write("subjectAltName=DNS:\(name)\n", to: "\(name).names")
                try await Self.run(
                    ["req"] + newKey + [
                        "-subj", "/CN=\(name)", "-keyout", directory.path("\(name).key"), "-out", request,
                    ]
                )
                try await Self.run([
                    "x509", "-req", "-in", request, "-CA", authority, "-CAkey", authorityKey, "-CAcreateserial",
                    "-days",
                    "2", "-extfile", names, "-out", directory.path("\(name).pem"),
                ])
            }
        }

        private static func run(_ arguments: [String]) async throws {
            _ = try await ChildProcess.run("/usr/bin/openssl", arguments)
        }

        /// The security of a client with a certificate, or without one.
        func security(of client: String?) -> HTTP2ClientTransport.Posix.TransportSecurity {
            .tls { tls in
                tls.trustRoots = .certificates([.file(path: authority, format: .pem)])
                tls.serverCertificateVerification = .noHostnameVerification
                guard let client else { return }
                tls.certificateChain = [.file(path: directory.path("\(client).pem"), format: .pem)]
                tls.privateKey = .file(path: directory.path("\(client).key"), format: .pem)
            }
        }
    }
#endif
