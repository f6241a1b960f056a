#if AutoGen
    import AgentExchange
    import AutoGenHost
    import AutoGenProtocol
    import ExchangeTestKit
    import Foundation
    import GRPCCore
    import InProcessExchange
    import Testing
    import WorkerRuntime

    /// A host in this process, and clients of it.
    final class Scene: Sendable {
        let exchange: InProcessExchange
        let host: AutoGenHost
        let port: Int
        let log = LogRecorder()
        private let clients = Monitor<[BareClient]>([])

        init(_ configure: @Sendable (inout AutoGenHostConfiguration) -> Void = { _ in }, prefetch: Int = 128)
            async throws
        {
            var limits = InProcessExchange.Configuration()
            limits.maximumMessageSize = 64 << 20
            limits.prefetch = prefetch
            exchange = InProcessExchange(configuration: limits, logger: log.logger)
            var configuration = AutoGenHostConfiguration(logger: log.logger)
            configuration.requestDeadline = .seconds(20)
            configure(&configuration)
            host = try AutoGenHost(address: "127.0.0.1:0", exchange: exchange, configuration: configuration)
            port = try #require(try await host.start().port)
        }

        func client(id: String = UUID().uuidString, port: Int? = nil) throws -> BareClient {
            let client = try BareClient(port: port ?? self.port, id: id)
            clients.update { $0.append(client) }
            return client
        }

        /// A client with a stream and registered types.
        func worker(_ types: String..., port: Int? = nil) async throws -> (BareClient, BareStream<Agents_Message>) {
            let client = try client(port: port)
            let stream = try await client.open()
            for type in types { try await client.register(type) }
            return (client, stream)
        }

        func close() async {
            await host.stop(grace: .seconds(1))
            for client in clients.value { await client.close() }
        }
    }

    /// Runs a body with a host, and stops it afterwards.
    func withScene(
        _ configure: @Sendable (inout AutoGenHostConfiguration) -> Void = { _ in },
        prefetch: Int = 128,
        isolation: isolated (any Actor)? = #isolation,
        _ body: (Scene) async throws -> Void
    ) async throws {
        let scene = try await Scene(configure, prefetch: prefetch)
        do {
            try await body(scene)
        } catch {
            await scene.close()
            throw error
        }
        await scene.close()
    }

    /// Checks the status of a call.
    func fails(
        _ code: RPCError.Code,
        _ beginning: String,
        isolation: isolated (any Actor)? = #isolation,
        location: Testing.SourceLocation = #_sourceLocation,
        _ body: () async throws -> Void
    ) async {
        do {
            try await body()
            Issue.record("no error instead of \(code)", sourceLocation: location)
        } catch let error as RPCError {
            #expect(error.code == code, "\(error)", sourceLocation: location)
            #expect(error.message.hasPrefix(beginning), "\(error)", sourceLocation: location)
        } catch {
            Issue.record("\(error) instead of \(code)", sourceLocation: location)
        }
    }
#endif
