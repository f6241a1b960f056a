#if AutoGen
    import AgentExchange
    import AutoGenProtocol
    import ExchangeTestKit
    import Foundation
    import SwiftProtobuf
    import Testing
    import WorkerRuntime

    @testable import AutoGenHost

    @Suite("The control channel", .serialized)
    struct ControlTests {
        @Test("The state of a client's agent is asked for over it, from Swift and from other clients")
        func state() async throws {
            try await withScene { scene in
                let (client, _) = try await scene.worker("a")
                let workers = try await WorkerRuntime(on: scene.exchange)
                let address = AgentAddress("a", key: "k")
                let error = await #expect(throws: ExchangeError.self) { try await workers.saveState(of: address) }
                #expect(error?.code == .notAccessible)
                let control = try await client.openControl()
                async let state = workers.saveState(of: address)
                let question = try await control.next("a question") { $0 }
                #expect(question.destination == "agentid=a/k" && question.hasRespondTo)
                #expect(try Agents_SaveStateRequest(unpackingAny: question.rpcMessage).agentID.key == "k")
                try control.answer(question, Agents_SaveStateResponse.with { $0.state = "{\"n\":1}" })
                #expect(try await state == Data("{\"n\":1}".utf8))
                let (other, _) = try await scene.worker()
                let asking = try await other.openControl()
                for destination in ["agentid=a/k", "clientid=\(client.id)"] {
                    try asking.ask(
                        "r1",
                        destination,
                        Agents_LoadStateRequest.with {
                            $0.agentID.type = "a"
                            $0.agentID.key = "k"
                            $0.state = "{}"
                        }
                    )
                    let second = try await control.next("a question") { $0 }
                    #expect(try Agents_LoadStateRequest(unpackingAny: second.rpcMessage).state == "{}")
                    #expect(!second.respondTo.contains(other.id) && second.rpcID != "r1")
                    try control.answer(second, Agents_LoadStateResponse.with { $0.error = "no" })
                    let answer = try await asking.next("the answer") { $0 }
                    #expect(answer.rpcID == "r1" && answer.destination == "clientid=me" && !answer.hasRespondTo)
                    #expect(try Agents_LoadStateResponse(unpackingAny: answer.rpcMessage).error.hasSuffix("no"))
                }
                await workers.stop()
            }
        }

        @Test("A question that goes nowhere is answered with an error at once")
        func nowhere() async throws {
            try await withScene { scene in
                let (client, _) = try await scene.worker("a")
                let control = try await client.openControl()
                for destination in ["agentid=nobody/k", "clientid=nobody", "x", "agentid=x"] {
                    try control.ask("1", destination, Agents_SaveStateRequest())
                    let answer = try await control.next("the answer", within: .seconds(1)) { $0 }
                    #expect(try !Agents_SaveStateResponse(unpackingAny: answer.rpcMessage).error.isEmpty)
                }
                #expect(scene.drops(.control) == 4)
                control.send(bytes: [255])
                try control.send(.with { $0.rpcID = "unknown" })
                try control.ask("2", "agentid=nobody/k", Agents_SaveStateRequest())
                #expect(try await control.next("the answer") { $0 }.rpcID == "2")
                #expect(scene.drops(.undecodable) == 1 && scene.drops(.control) == 6)
            }
        }
    }

    extension BareStream<Agents_ControlMessage> {
        func ask(_ id: String, _ destination: String, _ message: some SwiftProtobuf.Message) throws {
            let packed = try Google_Protobuf_Any(message: message)
            try send(
                .with {
                    $0.rpcID = id
                    $0.destination = destination
                    $0.respondTo = "clientid=me"
                    $0.rpcMessage = packed
                }
            )
        }

        func answer(_ question: Agents_ControlMessage, _ message: some SwiftProtobuf.Message) throws {
            let packed = try Google_Protobuf_Any(message: message)
            try send(
                .with {
                    $0.rpcID = question.rpcID
                    $0.destination = question.respondTo
                    $0.rpcMessage = packed
                }
            )
        }
    }
#endif
