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

    @testable import AutoGenHost

    @Suite("The streams of a client", .serialized)
    struct StreamTests {
        @Test("The newer of two streams counts, and gets what the older one had not answered")
        func newer() async throws {
            try await withScene { scene in
                let (client, older) = try await scene.worker("a")
                let (_, caller) = try await scene.worker()
                try caller.ask("1", "a")
                let request = try await older.request()
                let newer = try await client.open()
                guard case .failure(let error) = try await older.end() else {
                    Issue.record("the older stream ended without a status")
                    return
                }
                #expect(error.code == .aborted)
                #expect(try await newer.request().requestID == request.requestID)
                try newer.answer(request.requestID, "done")
                #expect(try await caller.response("1").payload.text == "done")
                try caller.ask("2", "a")
                let second = try await newer.request()
                try newer.answer(second.requestID, "done")
                #expect(try await caller.response("2").payload.text == "done")
            }
        }

        @Test("A stream that the library makes once more keeps its types, and its first messages are left out once")
        func retried() async throws {
            try await withScene {
                $0.reconnectPatience = .seconds(10)
            } _: { scene in
                let proxy = try FaultProxy(targetPort: scene.port)
                let (first, stream) = try await scene.worker("a", port: proxy.listenPort)
                try await first.subscribe("a", "news")
                let (watcher, watching) = try await scene.worker("b")
                try await watcher.subscribe("b", "news")
                // A library sends the same bytes; encoding a map twice may not give them.
                let messages: [[UInt8]] = try (0..<5).map { number in
                    try Agents_Message.with { $0.cloudEvent = .of("news", source: "room", "\(number)") }
                        .serializedBytes()
                }
                for message in messages.prefix(3) { stream.send(bytes: message) }
                for _ in 0..<3 { _ = try await watching.event() }
                try await proxy.resetConnections()
                // The same client, on another connection.
                let again = try scene.client(id: first.id)
                let retried = try await again.open(["grpc-previous-rpc-attempts": "1"])
                for message in messages { retried.send(bytes: message) }
                #expect(try await watching.event().text == "3")
                #expect(try await watching.event().text == "4")
                #expect(watching.waiting == 0)
                #expect(scene.drops(.repeated) == 3)
                #expect(try await watcher.subscriptions().count == 2)
                await proxy.stop()
            }
        }

        @Test("A host that stops answers its callers, writes what waits, and ends the streams with UNAVAILABLE")
        func stops() async throws {
            let scene = try await Scene()
            let (_, target) = try await scene.worker("a")
            let (_, caller) = try await scene.worker()
            for number in 0..<20 { try caller.ask("\(number)", "a") }
            // Requests that the host has not read are lost with the stream.
            for _ in 0..<20 { _ = try await target.request() }
            let began = ContinuousClock.now
            await scene.host.stop(grace: .seconds(5))
            #expect(began.duration(to: .now) < .seconds(2))
            for number in 0..<20 {
                #expect(try await caller.response("\(number)", within: .seconds(1)).error.contains("stopped"))
            }
            for stream in [target, caller] {
                guard case .failure(let error) = try await stream.end() else {
                    Issue.record("a stream ended without a status")
                    return
                }
                #expect(error.code == .unavailable)
            }
            // Nothing of the clients is left on the exchange.
            let user = try await scene.exchange.makeUserTransport(name: nil)
            #expect(try await user.discover(typeNamed: "Worker", allowSubtypes: true) == [])
            await user.close()
            await scene.close()
        }

        @Test("Requests that come while the host stops are answered at once, each before its stream ends")
        func asksWhileItStops() async throws {
            let scene = try await Scene()
            let (_, target) = try await scene.worker("a")
            let (_, caller) = try await scene.worker()
            try caller.ask("first", "a")
            _ = try await target.request()
            // It never pauses, so that requests are read in every step of the stop.
            let asking = Task {
                var count = 0
                while caller.ended.value == nil, !Task.isCancelled {
                    try caller.ask("\(count)", "a")
                    count += 1
                    await Task.yield()
                }
                return count
            }
            try await eventually("requests are on their way") {
                scene.host.service.core.clients.sessions.contains { $0.state.withLock { $0.asking } > 10 }
            }
            let began = ContinuousClock.now
            await scene.host.stop(grace: .seconds(20))
            #expect(began.duration(to: .now) < .seconds(10))
            guard case .failure(let error) = try await caller.end() else {
                Issue.record("the stream ended without a status")
                return
            }
            #expect(error.code == .unavailable)
            let count = try await asking.value
            // The stream is in order: requests up to the last one that was read have an answer, and there are no others.
            let answers = caller.received.value.compactMap { message -> Agents_RpcResponse? in
                if case .response(let response) = message.message { response } else { nil }
            }
            #expect(answers.allSatisfy { !$0.error.isEmpty })
            let answered = Set(answers.map(\.requestID))
            #expect(answered.contains("first") && answered.count == answers.count)
            let last = answered.compactMap { Int($0) }.max() ?? -1
            #expect(answered == Set((0..<(last + 1)).map { "\($0)" } + ["first"]), "\(count) were sent")
            await scene.close()
        }

        @Test("A host does not wait for a client that takes nothing, and starts once")
        func stopsAnyway() async throws {
            let scene = try await Scene()
            let client = try scene.client()
            let stream = try await client.open(takes: false)
            try await client.register("slow")
            let (_, caller) = try await scene.worker()
            for number in 0..<100 { try caller.ask("\(number)", "slow", String(repeating: "x", count: 100_000)) }
            try await eventually("the requests are on their way") {
                scene.session(of: client)?.state.withLock { $0.calls.count } == 100
            }
            let began = ContinuousClock.now
            await scene.host.stop(grace: .milliseconds(300))
            #expect(began.duration(to: .now) < .seconds(5))
            stream.cancel()
            await #expect(throws: ExchangeError.self) { try await scene.host.start() }
            await scene.close()
        }

        @Test("A client whose answers pile up is given up, and the host goes on")
        func backlog() async throws {
            try await withScene {
                $0.maximumBacklog = 10 << 20
            } _: { scene in
                let (_, target) = try await scene.worker("a")
                let slow = try scene.client()
                let stream = try await slow.open(takes: false)
                let text = String(repeating: "x", count: 500_000)
                for number in 0..<60 { try stream.ask("\(number)", "a") }
                for _ in 0..<60 {
                    let request = try await target.request()
                    try target.answer(request.requestID, text)
                }
                try await eventually("the client is given up") { scene.session(of: slow) == nil }
                #expect(scene.log.entries.contains { $0.message.contains("too slowly") })
                let (_, caller) = try await scene.worker()
                try caller.ask("1", "a")
                let request = try await target.request()
                try target.answer(request.requestID, "fine")
                #expect(try await caller.response("1").payload.text == "fine")
            }
        }

        @Test("An address that is taken, and an exchange without topics, are errors of the start")
        func starts() async throws {
            try await withScene { scene in
                let other = try AutoGenHost(address: "127.0.0.1:\(scene.port)", exchange: InProcessExchange())
                let error = await #expect(throws: ExchangeError.self) { try await other.start() }
                #expect(error?.code == .unavailable)
            }
            for text in ["", "x", "127.0.0.1", "example.org:1", "1.2.3:1", "unix:", "127.0.0.1:99999"] {
                #expect(throws: ExchangeError.self) { try ListenAddress(text) }
            }
            #expect(try ListenAddress("localhost:5").isLocal && ListenAddress("unix:/run/x").isLocal)
            #expect(try !ListenAddress("0.0.0.0:5").isLocal && !ListenAddress("[::]:5").isLocal)
        }

        @Test("It listens on a Unix socket too")
        func unixSocket() async throws {
            let path = FileManager.default.temporaryDirectory.appendingPathComponent(
                "h\(UInt16.random(in: 0...9999)).s"
            ).path
            let host = try AutoGenHost(address: "unix:\(path)", exchange: InProcessExchange())
            #expect(try await host.start().description == "unix:\(path)")
            #expect(FileManager.default.fileExists(atPath: path))
            await host.stop()
        }

        @Test("A hundred clients come, call and go at the same time, and nothing of them is left")
        func many() async throws {
            try await withScene { scene in
                try await withThrowingTaskGroup { group in
                    for number in 0..<100 {
                        group.addTask {
                            let client = try scene.client()
                            let stream = try await client.open()
                            try await client.register("t\(number)")
                            try await client.subscribe("t\(number)", "news")
                            try stream.ask("1", "t\(number)")
                            let request = try await stream.request()
                            try stream.answer(request.requestID, "\(number)")
                            #expect(try await stream.response("1").payload.text == "\(number)")
                            stream.cancel()
                        }
                    }
                    try await group.waitForAll()
                }
                let core = scene.host.service.core
                try await eventually("all sessions have ended") { core.clients.sessions.isEmpty }
                let user = try await scene.exchange.makeUserTransport(name: nil)
                try await eventually("all types are gone") {
                    try await user.discover(typeNamed: "Worker", allowSubtypes: true).isEmpty
                }
                await user.close()
            }
        }
    }
#endif
