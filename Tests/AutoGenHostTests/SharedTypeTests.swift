#if AutoGen
    import AgentExchange
    import AutoGenProtocol
    import ExchangeTestKit
    import Foundation
    import GRPCCore
    import InProcessExchange
    import Logging
    import Testing

    @testable import AutoGenHost

    @Suite("Agent types that several clients share", .serialized)
    struct SharedTypeTests {
        @Test(
            "Two clients divide the requests and events of a type, and one that leaves hands its requests to the other"
        )
        func divides() async throws {
            try await withScene {
                $0.shares = [SharedTypes("solver*", slots: 8)]
            } _: { scene in
                let (first, one) = try await scene.worker("solver-x")
                try await first.subscribe("solver-x", "tasks")
                let (second, two) = try await scene.worker("solver-x")
                // The same subscription, with another identifier.
                try await second.subscribe("solver-x", "tasks")
                #expect(try await first.subscriptions().count == 1)
                let (_, caller) = try await scene.worker()

                // Workers answer with their own name.
                let answering = [one.answering("one"), two.answering("two")]
                try await eventually("both answer for a half", timeout: .seconds(30)) {
                    try await Self.answers(caller) == ["one": 4, "two": 4]
                }
                for key in Self.keys { try caller.publish("tasks", source: key, key) }
                try await eventually("each event has come once") {
                    one.events.count + two.events.count == 8
                }
                #expect(!one.events.isEmpty && !two.events.isEmpty)
                for task in answering { task.cancel() }
                for task in answering { await task.value }

                for (number, key) in Self.keys.enumerated() {
                    try caller.ask("h\(number)", "solver-x", key: key)
                }
                try await eventually("the requests are with the workers") {
                    one.requests.count + two.requests.count == 8
                }
                #expect(!one.requests.isEmpty)
                one.cancel()
                let rest = two.answering("two")
                for number in Self.keys.indices {
                    let response = try await caller.response("h\(number)", within: .seconds(20))
                    #expect(response.error.isEmpty && response.payload.text == "two")
                }
                rest.cancel()
                await rest.value
                // The subscription stays with the type, and ends with it.
                #expect(try await second.subscriptions().count == 1)
                two.cancel()
                try await eventually("the type is gone") {
                    try caller.ask("last", "solver-x")
                    return try await caller.response("last").error.contains("no worker has the agent type")
                }
                let (third, _) = try await scene.worker()
                #expect(try await third.subscriptions().isEmpty)
            }
        }

        @Test("A client of a shared type with types that others lack is logged: an event for both comes twice")
        func differs() async throws {
            try await withScene {
                $0.shares = [SharedTypes("solver", slots: 2)]
            } _: { scene in
                _ = try await scene.worker("solver")
                _ = try await scene.worker("solver", "writer")
                for _ in 0..<2 { scene.host.service.core.compareClients() }
                let lines = scene.log.entries.filter { $0.message.contains("handled twice") }
                #expect(lines.count == 1 && lines.first?.level == .warning)
                #expect("\(lines)".contains("writer"))
            }
        }

        @Test("Types that are not named belong to one client")
        func others() async throws {
            try await withScene {
                $0.shares = [SharedTypes("solver*", slots: 8), SharedTypes("exact", slots: 2)]
            } _: { scene in
                _ = try await scene.worker("clerk", "exact")
                let (client, _) = try await scene.worker("exact")
                await fails(.invalidArgument, "Agent type clerk already registered") {
                    try await client.register("clerk")
                }
                await fails(.invalidArgument, "Agent type exact already registered") {
                    try await client.register("exact")
                }
            }
        }

        /// A key of each slot.
        static let keys: [String] = (0..<8).compactMap { slot in
            (0..<1000).map(String.init).first { AgentAddress.slot(of: $0, among: 8) == slot }
        }

        private static func answers(_ caller: BareStream<Agents_Message>) async throws -> [String: Int] {
            var answers: [String: Int] = [:]
            for key in keys {
                let id = UUID().uuidString
                try caller.ask(id, "solver-x", key: key)
                answers[try await caller.response(id, within: .seconds(10)).payload.text, default: 0] += 1
            }
            return answers
        }
    }

    extension BareStream<Agents_Message> {
        /// The requests that came and were not taken.
        fileprivate var requests: [Agents_RpcRequest] {
            received.value.compactMap {
                if case .request(let request)? = $0.message { request } else { nil }
            }
        }

        /// The events that came and were not taken.
        fileprivate var events: [Io_Cloudevents_V1_CloudEvent] {
            received.value.compactMap {
                if case .cloudEvent(let event)? = $0.message { event } else { nil }
            }
        }

        /// Answers each request with a text until it is cancelled.
        fileprivate func answering(_ text: String) -> Task<Void, Never> {
            Task {
                while !Task.isCancelled {
                    guard
                        let request = try? await next(
                            "a request",
                            within: .seconds(60),
                            { message in
                                if case .request(let request)? = message.message { request } else { nil }
                            }
                        )
                    else { return }
                    try? answer(request.requestID, text)
                }
            }
        }
    }
#endif
