#if AutoGen
    import AgentExchange
    import AutoGenHost
    import AutoGenProtocol
    import ExchangeTestKit
    import Foundation
    import GRPCCore
    import SwiftProtobuf
    import Testing
    import WorkerRuntime

    @Suite("The unary calls of a client", .serialized)
    struct UnaryCallTests {
        @Test("Without a client id every call is refused")
        func withoutIdentity() async throws {
            try await withScene { scene in
                let client = try scene.client()
                await fails(.invalidArgument, "client-id metadata not found.") {
                    try await client.register("a", metadata: Metadata())
                }
                await fails(.invalidArgument, "client-id metadata not found.") {
                    try await client.subscribe("a", "news", metadata: Metadata())
                }
                await fails(.invalidArgument, "client-id metadata not found.") {
                    try await client.call(
                        "RemoveSubscription",
                        Agents_RemoveSubscriptionRequest.with { $0.id = "1" },
                        returning: Agents_RemoveSubscriptionResponse.self,
                        metadata: Metadata()
                    )
                }
                await fails(.invalidArgument, "client-id metadata not found.") {
                    try await client.call(
                        "GetSubscriptions",
                        Agents_GetSubscriptionsRequest(),
                        returning: Agents_GetSubscriptionsResponse.self,
                        metadata: Metadata()
                    )
                }
                for method in ["OpenChannel", "OpenControlChannel"] {
                    let stream = client.open(method, Metadata())
                    guard case .failure(let error) = try await stream.end() else {
                        Issue.record("\(method) was accepted")
                        continue
                    }
                    #expect(error.code == .invalidArgument)
                    #expect(error.message.hasPrefix("client-id metadata not found."))
                }
            }
        }

        @Test("A type belongs to one client until that one leaves")
        func types() async throws {
            try await withScene { scene in
                let (one, stream) = try await scene.worker("a")
                await fails(.invalidArgument, "Agent type a already registered") { try await one.register("a") }
                let (two, _) = try await scene.worker()
                await fails(.invalidArgument, "Agent type a already registered") { try await two.register("a") }
                await fails(.invalidArgument, "invalid-message") { try await two.register("no type") }
                stream.cancel()
                try await eventually("the type is free") {
                    do {
                        try await two.register("a")
                        return true
                    } catch let error as RPCError where error.code == .invalidArgument {
                        return false
                    }
                }
                for secret in [one.id, two.id] {
                    #expect(!scene.log.entries.contains { "\($0)".contains(secret) })
                }
            }
        }

        @Test("A call that is made once more, because its reply was lost, succeeds")
        func retried() async throws {
            try await withScene { scene in
                let (one, _) = try await scene.worker("a")
                let again = one.metadata(["grpc-previous-rpc-attempts": "1"])
                try await one.register("a", metadata: again)
                try await one.subscribe("a", "news", id: "s")
                try await one.subscribe("a", "news", id: "s", metadata: again)
                #expect(try await one.subscriptions().count == 1)
            }
        }

        @Test("Subscriptions are listed in order; doubles and unknown ones are refused as by AutoGen's host")
        func subscriptions() async throws {
            try await withScene { scene in
                let (one, stream) = try await scene.worker("a")
                let (two, _) = try await scene.worker()
                try await one.subscribe("a", "news", id: "1")
                try await one.subscribe("later", "a:", id: "2", isPrefix: true)
                try await two.subscribe("a", "other", id: "3")
                #expect(try await two.subscriptions().map(\.id) == ["1", "2", "3"])
                let exists = "Subscription already exists"
                await fails(.invalidArgument, exists) { try await one.subscribe("a", "news", id: "1") }
                await fails(.invalidArgument, exists) { try await one.subscribe("a", "news", id: "4") }
                await fails(.invalidArgument, exists) { try await two.subscribe("a", "news", id: "5") }
                await fails(.invalidArgument, exists) { try await two.subscribe("b", "x", id: "1") }
                await fails(.unknown, "") {
                    try await one.call(
                        "AddSubscription",
                        Agents_AddSubscriptionRequest.with { $0.subscription.id = "6" },
                        returning: Agents_AddSubscriptionResponse.self
                    )
                }
                try await remove("1", two)
                await fails(.unknown, "Subscription does not exist") { try await remove("1", one) }
                #expect(try await one.subscriptions().map(\.id) == ["2", "3"])
                stream.cancel()
                // With a type, the subscriptions of all clients for it are gone.
                try await eventually("the client's subscriptions are gone") { try await two.subscriptions().isEmpty }
            }
        }

        private func remove(_ id: String, _ client: BareClient) async throws {
            try await client.call(
                "RemoveSubscription",
                Agents_RemoveSubscriptionRequest.with { $0.id = id },
                returning: Agents_RemoveSubscriptionResponse.self
            )
        }

        @Test("Requests that are none, and names without end, are refused")
        func invalid() async throws {
            try await withScene { scene in
                let client = try scene.client()
                let long = String(repeating: "a", count: 2000)
                await fails(.invalidArgument, "invalid-message") { try await client.register(long) }
                await fails(.invalidArgument, "invalid-topic") { try await client.subscribe("a", long) }
                await fails(.invalidArgument, "client-id") {
                    var metadata = Metadata()
                    metadata.addString(long, forKey: "client-id")
                    try await client.register("a", metadata: metadata)
                }
            }
        }
    }
#endif
