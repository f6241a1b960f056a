#if AutoGen
    import AgentExchange
    import AutoGenProtocol
    import ExchangeTestKit
    import Foundation
    import GRPCCore
    import InProcessExchange
    import SwiftProtobuf
    import Synchronization
    import Testing
    import WorkerRuntime

    @testable import AutoGenHost

    @Suite("Requests through the host", .serialized)
    struct RequestTests {
        @Test("Two callers with one request number get their own answers, and the target sees different numbers")
        func numbers() async throws {
            try await withScene { scene in
                let (_, target) = try await scene.worker("a")
                let (_, one) = try await scene.worker()
                let (_, two) = try await scene.worker()
                try one.ask("1", "a", "\"one\"")
                try two.ask("1", "a", "\"two\"")
                let requests = [try await target.request(), try await target.request()]
                #expect(requests[0].requestID != requests[1].requestID)
                for request in requests.reversed() {
                    #expect(request.metadata["traceparent"] == "00-aa")
                    #expect(request.metadata["warren-attempt"] == nil)
                    #expect(request.target.key == "k")
                    #expect(!request.hasSource)
                    try target.answer(request.requestID, "re:\(request.payload.text)")
                }
                #expect(try await one.response("1").payload.text == "re:\"one\"")
                #expect(try await two.response("1").payload.text == "re:\"two\"")
            }
        }

        @Test("Nested calls between the agents of one client end, with one request number too")
        func nested() async throws {
            try await withScene { scene in
                let (_, both) = try await scene.worker("a", "b")
                let (_, caller) = try await scene.worker()
                try caller.ask("1", "a", "\"outer\"")
                let outer = try await both.request()
                // The client's own number for its call is the one that the outer request has on its stream.
                try both.ask(outer.requestID, "b", "\"inner\"", source: "a")
                let inner = try await both.request()
                #expect(inner.target.type == "b" && inner.requestID != outer.requestID)
                try both.answer(inner.requestID, "inner")
                let answer = try await both.response(outer.requestID, within: .seconds(1))
                try both.answer(outer.requestID, "outer(\(answer.payload.text))")
                #expect(try await caller.response("1", within: .seconds(1)).payload.text == "outer(inner)")
            }
        }

        @Test("The requests of one client arrive in their order, among its events")
        func order() async throws {
            try await withScene { scene in
                let (worker, target) = try await scene.worker("a")
                try await worker.subscribe("a", "news")
                let (_, caller) = try await scene.worker()
                for number in 0..<100 {
                    try caller.ask("\(number)", "a", "\(number)")
                    try caller.publish("news", "\(number)")
                }
                try await eventually("all have arrived") { target.waiting == 200 }
                let texts = target.received.value.map { message in
                    switch message.message {
                    case .request(let request)?: "r" + request.payload.text
                    case .cloudEvent(let event)?: "e" + event.text
                    default: ""
                    }
                }
                #expect(texts == (0..<100).flatMap { ["r\($0)", "e\($0)"] })
            }
        }

        @Test("A request to a type without a worker is answered at once")
        func unknownType() async throws {
            try await withScene { scene in
                let (_, caller) = try await scene.worker()
                try caller.ask("1", "nobody")
                let error = try await caller.response("1", within: .seconds(1)).error
                #expect(error == "unknown-agent-type: no worker has the agent type nobody")
                try caller.ask("2", "no type")
                #expect(try await caller.response("2", within: .seconds(1)).error.hasPrefix("invalid-message"))
                try caller.ask("3", "nobody", key: String(repeating: "k", count: 1025))
                #expect(try await caller.response("3", within: .seconds(1)).error.hasPrefix("invalid-message"))
            }
        }

        @Test("Errors of handlers are passed on; one with an empty text is an error too")
        func errors() async throws {
            try await withScene { scene in
                let (_, target) = try await scene.worker("a")
                let (_, caller) = try await scene.worker()
                try caller.ask("1", "a")
                let first = try await target.request()
                try target.send(
                    .with {
                        $0.response.requestID = first.requestID
                        $0.response.error = "broken pot"
                    }
                )
                #expect(try await caller.response("1").error == "broken pot")
                try caller.ask("2", "a")
                let second = try await target.request()
                try target.send(.with { $0.response.requestID = second.requestID })
                #expect(try await caller.response("2").error == "the handler raised an exception with an empty text")
            }
        }

        @Test("A worker that leaves answers nothing: its callers get an error at once, those behind it too")
        func leaves() async throws {
            try await withScene { scene in
                let (_, target) = try await scene.worker("a")
                let (client, caller) = try await scene.worker()
                for number in 0..<200 { try caller.ask("\(number)", "a") }
                // The worker has 128 of them, the others wait behind.
                try await eventually("all are on their way") {
                    scene.session(of: client)?.state.withLock { $0.asking } == 200 && target.waiting == 128
                }
                let began = ContinuousClock.now
                target.cancel()
                for number in 0..<200 {
                    let error = try await caller.response("\(number)", within: .seconds(5)).error
                    #expect(error.contains("left"), "\(error)")
                }
                #expect(began.duration(to: .now) < .seconds(1))
                try caller.ask("x", "a")
                #expect(try await caller.response("x").error.hasPrefix("unknown-agent-type"))
            }
        }

        @Test("A stream that the client half-closes has left")
        func halfClose() async throws {
            try await withScene { scene in
                let (_, target) = try await scene.worker("a")
                let (_, caller) = try await scene.worker()
                try caller.ask("1", "a")
                _ = try await target.request()
                target.finish()
                #expect(try await caller.response("1", within: .seconds(1)).error.contains("left"))
                #expect(throws: Never.self) { try target.ended.value?.get() }
            }
        }

        @Test("The requests of a worker that is cut off go to the next worker with its type, as another attempt")
        func handOver() async throws {
            try await withScene { scene in
                let proxy = try FaultProxy(targetPort: scene.port)
                let (_, target) = try await scene.worker("a", port: proxy.listenPort)
                let (_, caller) = try await scene.worker()
                try caller.ask("1", "a", "\"one\"")
                _ = try await target.request()
                let began = ContinuousClock.now
                try await proxy.resetConnections()
                try caller.ask("2", "a", "\"two\"")
                let (next, stream) = try await scene.worker()
                try await eventually("the successor gets the type") {
                    do {
                        try await next.register("a")
                        return true
                    } catch let error as RPCError where error.code == .invalidArgument {
                        return false
                    }
                }
                let requests = [try await stream.request(), try await stream.request()]
                #expect(began.duration(to: .now) < .seconds(2))
                #expect(requests.map(\.payload.text) == ["\"one\"", "\"two\""])
                #expect(requests[0].metadata["warren-attempt"] == "2")
                for request in requests { try stream.answer(request.requestID, "done") }
                #expect(try await caller.response("1").payload.text == "done")
                #expect(try await caller.response("2").payload.text == "done")
                await proxy.stop()
            }
        }

        @Test("Without a successor they are answered when the absence ends, or at once when the host says so")
        func noSuccessor() async throws {
            for loss in AutoGenHostConfiguration.Loss.allCases {
                try await withScene {
                    $0.onLoss = loss
                    $0.absence = .milliseconds(300)
                    $0.reconnectPatience = .milliseconds(300)
                } _: { scene in
                    let proxy = try FaultProxy(targetPort: scene.port)
                    let (worker, target) = try await scene.worker("a", port: proxy.listenPort)
                    try await worker.subscribe("a", "news")
                    let (other, caller) = try await scene.worker()
                    try caller.ask("1", "a")
                    _ = try await target.request()
                    let began = ContinuousClock.now
                    try await proxy.resetConnections()
                    #expect(try await caller.response("1", within: .seconds(5)).error.contains("lost"))
                    if loss == .fail { #expect(began.duration(to: .now) < .seconds(1)) }
                    try await eventually("nothing is left of the worker") { try await other.subscriptions().isEmpty }
                    try caller.ask("2", "a")
                    #expect(try await caller.response("2").error.hasPrefix("unknown-agent-type"))
                    await proxy.stop()
                }
            }
        }

        @Test("A worker that hangs is found by its silence")
        func hangs() async throws {
            try await withScene {
                $0.pingInterval = .milliseconds(200)
                $0.silenceLimit = .milliseconds(800)
                $0.onLoss = .fail
            } _: { scene in
                let proxy = try FaultProxy(targetPort: scene.port)
                let (_, target) = try await scene.worker("a", port: proxy.listenPort)
                let (_, caller) = try await scene.worker()
                try caller.ask("1", "a")
                _ = try await target.request()
                // One that is only silent lives: its library answers pings.
                try await Task.sleep(for: .milliseconds(1200))
                #expect(target.ended.value == nil)
                try await proxy.set(.drop(.both))
                #expect(try await caller.response("1", within: .seconds(5)).error.contains("lost"))
                #expect(caller.ended.value == nil)
                await proxy.stop()
            }
        }

        @Test("A worker that registered and has no stream is waited for, then its callers get an error")
        func withoutStream() async throws {
            try await withScene { scene in
                let client = try scene.client()
                try await client.register("a")
                let (_, caller) = try await scene.worker()
                try caller.ask("1", "a", "\"early\"")
                let stream = try await client.open()
                let request = try await stream.request(within: .seconds(1))
                #expect(request.payload.text == "\"early\"")
                try stream.answer(request.requestID, "in time")
                #expect(try await caller.response("1").payload.text == "in time")
                let other = try scene.client()
                try await other.register("b")
                try caller.ask("2", "b")
                let began = ContinuousClock.now
                #expect(try await caller.response("2").error.contains("has no stream"))
                #expect(began.duration(to: .now) < .seconds(4))
                try caller.ask("3", "b")
                #expect(try await caller.response("3", within: .seconds(1)).error.contains("has no stream"))
            }
        }

        @Test(
            "A request that its worker never answers ends at the deadline, with the causes in its text, and is logged before"
        )
        func silence() async throws {
            try await withScene {
                $0.requestDeadline = .seconds(1)
                $0.slowRequest = .milliseconds(200)
            } _: { scene in
                let (_, target) = try await scene.worker("a")
                let (_, caller) = try await scene.worker()
                try caller.ask("1", "a")
                let request = try await target.request()
                #expect(try await caller.response("1", within: .seconds(3)).error.contains("returned None"))
                #expect(scene.log.entries.contains { $0.message.contains("has not answered a request") })
                #expect(scene.host.service.core.drops.slowRequests == 1)
                // The late answer is dropped.
                try target.answer(request.requestID, "late")
                try caller.ask("2", "a")
                let second = try await target.request()
                try target.answer(second.requestID, "good")
                #expect(try await caller.response("2").payload.text == "good")
            }
        }

        @Test("A message larger than the target takes ends its stream, and the caller gets an error at once")
        func oversized() async throws {
            try await withScene { scene in
                let (_, target) = try await scene.worker("a")
                let (_, caller) = try await scene.worker()
                try caller.ask("1", "a", String(repeating: "x", count: 5 << 20))
                let error = try await caller.response("1", within: .seconds(5)).error
                #expect(error.hasPrefix("message-too-large"), "\(error)")
                _ = try await target.end()
            }
        }

        @Test("A message larger than the target takes is given to no other worker with the type")
        func oversizedOnce() async throws {
            try await withScene {
                $0.shares = [SharedTypes("a", slots: 1)]
            } _: { scene in
                let (_, one) = try await scene.worker("a")
                let (_, two) = try await scene.worker("a")
                let (_, caller) = try await scene.worker()
                try caller.ask("1", "a", String(repeating: "x", count: 5 << 20))
                try await eventually("one of them ends") { one.ended.value != nil || two.ended.value != nil }
                #expect(try await caller.response("1", within: .seconds(5)).error.hasPrefix("message-too-large"))
                let other = one.ended.value == nil ? one : two
                try caller.ask("2", "a", "\"small\"")
                let request = try await other.request()
                #expect(request.payload.text == "\"small\"")
                try other.answer(request.requestID, "done")
                #expect(try await caller.response("2").payload.text == "done")
                #expect(other.waiting == 0 && other.ended.value == nil)
            }
        }

        @Test("Nobody speaks in the name of another client's agents")
        func foreignSender() async throws {
            try await withScene { scene in
                let (_, target) = try await scene.worker("a")
                let (_, caller) = try await scene.worker("b")
                try caller.ask("1", "a", source: "a")
                #expect(try await caller.response("1").error.hasPrefix("forbidden"))
                try caller.ask("2", "a", source: "b")
                let request = try await target.request()
                #expect(request.source.type == "b" && request.source.key == "s")
            }
        }

        @Test("Swift agents and the agents of a client call each other")
        func swift() async throws {
            try await withScene { scene in
                let (_, client) = try await scene.worker("python")
                let workers = try await WorkerRuntime(on: scene.exchange)
                try await workers.register("swift", expecting: Echo.self) { _ in Echo() }
                try await workers.start()
                try client.ask("1", "swift", "{\"text\":\"hello\"}")
                #expect(try await client.response("1").error.hasPrefix("unhandled"))
                try client.send(
                    .with {
                        $0.request.requestID = "2"
                        $0.request.target.type = "swift"
                        $0.request.payload = .text("{\"text\":\"hello\"}")
                        $0.request.payload.dataType = "Ask"
                    }
                )
                let answer = try await client.response("2")
                #expect(answer.payload.dataType == "Ask" && answer.payload.text == "{\"text\":\"HELLO\"}")
                try client.send(
                    .with {
                        $0.request.requestID = "3"
                        $0.request.target.type = "swift"
                        $0.request.payload = .text("{\"text\":\"\"}")
                        $0.request.payload.dataType = "Ask"
                    }
                )
                let nothing = try await client.response("3")
                #expect(nothing.payload.dataType == "None" && nothing.payload.text == "null")
                async let reply = workers.send(
                    Ask(text: "x"),
                    to: AgentAddress("python", key: "k"),
                    returning: UnknownPayload.self,
                    id: "my-id"
                )
                let request = try await client.request()
                #expect(request.requestID == "my-id")
                try client.answer("my-id", "\"y\"")
                #expect(try await reply?.dataType == "Text")
                await workers.stop()
            }
        }
    }

    struct Ask: Codable, Sendable {
        var text: String
    }

    /// Answers with the text in capitals; with nothing for an empty one.
    struct Echo: WorkerAgent {
        static let handlers = Handlers<Echo> {
            $0.onRequest(Ask.self) { _, ask, _ in ask.text.isEmpty ? nil : Ask(text: ask.text.uppercased()) }
        }
    }
#endif
