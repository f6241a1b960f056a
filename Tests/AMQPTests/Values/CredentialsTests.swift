import AMQP
import ExchangeTestKit
import Foundation
import Testing

@Suite("Credentials", BrokerFixture.needsBroker)
struct CredentialsTests {
    @Test("of a file are read anew for each connection")
    func file() async throws {
        let broker = try await PrivateBroker.shared()
        let directory = try TemporaryDirectory()
        let file = try directory.write("wrong-hunter2\n", to: "password")
        let url = "amqp://guest@127.0.0.1:\(broker.port)?password_file=\(file)"
        let refused = await TLSListener.failure(url)
        #expect(refused.code == .authenticationFailed)
        #expect(!"\(refused)".contains("hunter2"))
        _ = try directory.write("guest\nwhat follows is not read", to: "password")
        try await BrokerFixture.withConnection(to: url) { #expect($0.user == "guest") }
        _ = try directory.write("", to: "password")
        #expect(await TLSListener.failure(url).message.contains(file))
        let missing = await TLSListener.failure("amqp://guest@127.0.0.1:\(broker.port)?password_file=/nowhere")
        #expect(missing.code == .authenticationFailed)
        #expect(missing.message.contains("/nowhere can't be read"))
    }

    @Test("of a provider are asked for at each connect, and its failure is told without its text")
    func provider() async throws {
        struct VaultError: Error { let secret = "hunter2" }
        let broker = try await PrivateBroker.shared()
        let asked = Monitor(0)
        let provider = CredentialsProvider {
            asked.update { $0 += 1 }
            guard asked.value > 1 else { throw VaultError() }
            return .plain(user: "guest", password: "guest")
        }
        var configuration = try ConnectionConfiguration(url: broker.amqpURL)
        configuration.credentials = .provided(by: provider)
        for round in 1...3 {
            let connection = Connection(configuration: configuration, logger: BrokerFixture.quiet)
            do throws(AMQPError) {
                try await connection.open()
                #expect(round > 1 && connection.user == "guest")
            } catch {
                #expect(round == 1 && error.code == .authenticationFailed)
                #expect(error.message.contains("VaultError") && !"\(error)".contains("hunter2"))
            }
            await connection.close(timeout: .seconds(5))
        }
        #expect(asked.value == 3)
        #expect(configuration.description.contains("provided"))
    }

    @Test("of a provider that never answers end with the connect timeout")
    func silent() async throws {
        var configuration = try ConnectionConfiguration(url: "amqp://127.0.0.1:1")
        configuration.connectTimeout = .milliseconds(300)
        configuration.credentials = .provided(
            by: CredentialsProvider {
                while true { try await Task.sleep(for: .seconds(1)) }
            }
        )
        let connection = Connection(configuration: configuration, logger: BrokerFixture.quiet)
        let start = ContinuousClock.now
        let error = await #expect(throws: AMQPError.self) { try await connection.open() }
        #expect(error?.code == .connectTimedOut)
        #expect(start.duration(to: .now) < .seconds(3))
        await connection.close(timeout: .seconds(1))
    }
}
