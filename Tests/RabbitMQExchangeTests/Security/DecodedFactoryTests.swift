import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import RabbitMQExchange

extension BrokerTests {
    @Suite("A factory that comes from somebody hostile")
    struct DecodedFactoryTests {
        /// An encoded address with one thing changed, and what the environment says.
        struct Attempt: Sendable, CustomTestStringConvertible {
            let testDescription: String
            var hosts = #"[{"host":"broker.example","port":5671}]"#
            var more = #""tls":{"verifyPeer":true,"verifyHostname":true}"#
            var environment = ["WARREN_BROKER": "amqps://ann:hunter2@broker.example?cacertfile=/own.pem"]
        }

        private static let file = ["WARREN_PASSWORD_FILE": "/run/password"]

        private static let attempts = [
            Attempt(testDescription: "another host", hosts: #"[{"host":"evil.example","port":5671}]"#),
            Attempt(testDescription: "another port", hosts: #"[{"host":"broker.example","port":5672}]"#),
            Attempt(
                testDescription: "the right host, and behind it another one",
                hosts: #"[{"host":"broker.example","port":5671},{"host":"evil.example","port":5671}]"#
            ),
            Attempt(testDescription: "no encryption", more: #""login":null"#),
            Attempt(
                testDescription: "a password that the environment has for no broker",
                environment: ["WARREN_PASSWORD": "hunter2"]
            ),
            Attempt(testDescription: "a password file for no broker", environment: file),
            Attempt(
                testDescription: "a file of its own",
                more: #""passwordFile":"/etc/hostname","tls":{"verifyPeer":true,"verifyHostname":true}"#,
                environment: [:]
            ),
            Attempt(
                testDescription: "a password beside a URL of another broker",
                environment: ["WARREN_BROKER": "amqps://ann@other.example", "WARREN_PASSWORD": "hunter2"]
            ),
        ]

        private static func decode(_ attempt: Attempt, user: String = "ann") throws -> BrokerAddress {
            let text = #"{"hosts":\#(attempt.hosts),"virtualHost":"/","user":"\#(user)",\#(attempt.more)}"#
            let decoder = JSONDecoder()
            decoder.userInfo[try #require(BrokerAddress.environmentKey)] = attempt.environment
            return try decoder.decode(BrokerAddress.self, from: Data(text.utf8))
        }

        @Test("gets no password, and the error names the broker and the mend", arguments: attempts)
        func withheld(_ attempt: Attempt) throws {
            let address = try Self.decode(attempt)
            let error = #expect(throws: ExchangeError.self) { try address.connection(RabbitMQConfiguration()) }
            #expect(error?.code == .unauthorized)
            #expect(error?.message.contains("WARREN_BROKER") == true && error?.message.contains("hunter2") == false)
            #expect(address.settings.credentials == .plain(user: "ann", password: ""))
        }

        @Test("gets the password for the broker that the environment names, and the environment's own trust")
        func given() throws {
            var attempt = Attempt(testDescription: "upper case", hosts: #"[{"host":"Broker.Example","port":5671}]"#)
            attempt.more =
                #""tls":{"verifyPeer":false,"verifyHostname":false,"caFile":"/evil.pem","keyFile":"/etc/passwd"}"#
            let connection = try Self.decode(attempt).connection(RabbitMQConfiguration())
            #expect(connection.credentials == .plain(user: "ann", password: "hunter2"))
            #expect(connection.tls == TLSConfiguration(caFile: "/own.pem"))
            // Files and a missing check are not believed for a broker that the environment does not name either.
            attempt.environment = [:]
            #expect(try Self.decode(attempt).settings.tls == TLSConfiguration())
            attempt.environment = ["WARREN_BROKER": "amqps://ann@broker.example", "WARREN_PASSWORD_FILE": "/p"]
            let fromFile = try Self.decode(attempt).connection(RabbitMQConfiguration())
            #expect(fromFile.credentials == .plain(user: "ann", passwordFile: "/p"))
        }

        @Test("has no path of the process that encoded it")
        func paths() throws {
            let url =
                "amqps://ann@broker.example?cacertfile=/ca.pem&certfile=/c.pem&keyfile=/k.pem&password_file=/p.txt"
            let encoded = String(decoding: try JSONEncoder().encode(RabbitMQExchange(url: url)), as: UTF8.self)
            for path in ["ca.pem", "c.pem", "k.pem", "p.txt"] { #expect(!encoded.contains(path)) }
        }

        @Test("Another process that decodes it makes no connection to a place that its WARREN_BROKER does not name")
        func elsewhere() async throws {
            let scene = try await Scene()
            let user = try await RoleUser(.operator, in: scene)
            let listener = try FaultProxy(targetPort: scene.broker.port)
            let directory = try TemporaryDirectory()
            let file = try directory.write(RoleUser.password + "\n", to: "password")
            let login = "amqp://\(user.name):\(RoleUser.password)@127.0.0.1:"
            let hostile = try RabbitMQExchange(url: login + "\(listener.listenPort)", namespace: scene.namespace)
            let environments = [
                ["WARREN_BROKER": login + "\(scene.broker.port)"],
                ["WARREN_BROKER": "", "WARREN_PASSWORD": RoleUser.password],
                ["WARREN_BROKER": "", "WARREN_PASSWORD_FILE": file],
            ]
            for environment in environments {
                let peer = try await PeerProcess(hostile, environment: environment)
                #expect(try await peer.ask("user") == "failed unauthorized")
                try await peer.process.stop()
            }
            #expect(try await scene.management.connections().allSatisfy { $0.user != user.name })
            // The same factory, where the environment names that place.
            let peer = try await PeerProcess(hostile, environment: ["WARREN_BROKER": login + "\(listener.listenPort)"])
            _ = try await peer.ask("user", for: "ready")
            #expect(try await peer.ask("close") == "closed")
            await listener.stop()
            try await user.remove()
        }
    }
}
