import AgentExchange
import ExchangeTestKit
import Foundation
import Testing
import WorkerRuntime

@Suite("Requests between worker agents", .serialized)
struct RequestTests {
    @Test("A request is answered, with a reply and with nothing, from this runtime and another", arguments: Kind.all)
    func answers(kind: Kind) async throws {
        let exchange = try await kind.exchange()
        try await withWorkers(on: exchange) { workers, stage in
            try await workers.registerClerks("clerk", stage)
            try await workers.start()
            let clerk = AgentAddress("clerk", key: "room 7/ü")
            #expect(try await workers.ask("hello", clerk) == "HELLO")
            #expect(try await workers.ask("nothing", clerk) == nil)
            #expect(try await workers.ask("nil", clerk) == nil)
            try await workers.send(Ask(text: "hello"), to: clerk)
            try await withWorkers(on: exchange) { others, _ in
                await fails(.noSerializer, .notSent) { _ = try await others.ask("hello", clerk) }
                others.serializers.register(Ask.self)
                await fails(.noSerializer, .delivered) { _ = try await others.ask("hello", clerk) }
                others.serializers.register(Answer.self)
                let answer = try await others.ask("hello", clerk)
                #expect(answer == "HELLO")
            }
        }
    }

    @Test("A request has its id, its sender and its address; agents call each other", arguments: Kind.all)
    func contexts(kind: Kind) async throws {
        try await withWorkers(on: try await kind.exchange()) { workers, stage in
            try await workers.registerClerks("clerk", stage)
            try await workers.registerClerks("chief", stage)
            try await workers.start()
            let clerk = AgentAddress("clerk", key: "k")
            let answer = try await workers.send(Ask(text: "who"), to: clerk, returning: Answer.self, id: "mine")
            #expect(answer?.text == "clerk/k clerk/k mine nobody true")
            let nested = try await workers.ask("ask clerk/x who", AgentAddress("chief", key: "c"))
            #expect(nested?.hasSuffix("chief/c true") == true)
            // Through two agents and back to the first.
            let circle = try await workers.ask("ask chief/c ask clerk/k deep", clerk)
            #expect(circle == "DEEP")
            await fails(.invalidMessage, .notSent) {
                try await workers.send(Ask(text: "a"), to: clerk, id: String(repeating: "i", count: 256))
            }
        }
    }

    @Test("Every failure is an answer with its cause, at once", arguments: Kind.all)
    func failures(kind: Kind) async throws {
        try await withWorkers(on: try await kind.exchange()) { workers, stage in
            try await workers.registerClerks("clerk", stage)
            try await workers.register("broken") { _ in throw Refused() }
            try await workers.register("wrong", expecting: Counter.self) { Clerk(stage: stage, address: $0.address) }
            try await workers.register(Counter(), at: AgentAddress("counter", key: "only"))
            workers.serializers.register(Stray.self)
            try await workers.start()
            let clerk = AgentAddress("clerk")
            await fails(.unknownAgentType, .notSent) { _ = try await workers.ask("a", AgentAddress("nobody")) }
            await fails(.invalidMessage, .notSent) { _ = try await workers.ask("a", AgentAddress("a b")) }
            await fails(.noSerializer, .notSent) { try await workers.send(Bare(), to: clerk) }
            await fails(.unhandled, .delivered) { try await workers.send(Stray(), to: clerk) }
            await fails(.noSerializer, .delivered) { _ = try await workers.ask("bare", clerk) }
            await fails(.factoryFailed, .delivered) { _ = try await workers.ask("a", AgentAddress("broken")) }
            await fails(.wrongAgentClass, .delivered) { _ = try await workers.ask("a", AgentAddress("wrong")) }
            await fails(.unknownAgent, .delivered) {
                _ = try await workers.ask("a", AgentAddress("counter", key: "no"))
            }
            await fails(.invalidPayload, .delivered) {
                _ = try await workers.send(Ask(text: "a"), to: clerk, returning: Note.self)
            }
            let bad = Payload(contentType: "application/json", bytes: Data("{".utf8))
            await fails(.invalidPayload, .delivered) {
                try await workers.send(UnknownPayload(dataType: "Ask", payload: bad), to: clerk)
            }
            do {
                _ = try await workers.ask("throw", clerk)
                Issue.record("the handler's error was lost")
            } catch let error as ExchangeError {
                #expect(error.code == .remote)
                #expect(error.failure?.type?.hasSuffix("Refused") == true)
                #expect(error.failure?.message == "refused by the agent")
            }
            // None of it hurt another agent.
            #expect(try await workers.ask("hello", clerk) == "HELLO")
        }
    }

    @Test(
        "A factory runs once for each address, also with many first messages, and again after an error",
        arguments: Kind.all
    )
    func factories(kind: Kind) async throws {
        try await withWorkers(on: try await kind.exchange()) { workers, stage in
            let attempts = Monitor<[String: Int]>([:])
            try await workers.register("clerk", expecting: Clerk.self) { new in
                let count = attempts.update { made in
                    made[new.address.key, default: 0] += 1
                    return made[new.address.key] ?? 0
                }
                try await stage.hold(new.address.key)
                if new.address.key == "twice", count == 1 { throw Refused() }
                return Clerk(stage: stage, address: new.address)
            }
            try await workers.start()
            try await withThrowingTaskGroup { group in
                for number in 0..<50 {
                    group.addTask { try await workers.ask("\(number)", AgentAddress("clerk", key: "once")) }
                }
                try await stage.heard("began once")
                stage.release("once")
                for try await answer in group { #expect(answer != nil) }
            }
            stage.release("twice")
            await fails(.factoryFailed, .delivered) {
                _ = try await workers.ask("a", AgentAddress("clerk", key: "twice"))
            }
            #expect(try await workers.ask("a", AgentAddress("clerk", key: "twice")) == "A")
            #expect(attempts.value == ["once": 1, "twice": 2])
        }
    }

    @Test("A caller that is cancelled while an agent is made does not end the making for others", arguments: Kind.all)
    func cancelledMaking(kind: Kind) async throws {
        try await withWorkers(on: try await kind.exchange()) { workers, stage in
            try await workers.register("clerk", expecting: Clerk.self) { new in
                try await stage.hold("making")
                return Clerk(stage: stage, address: new.address)
            }
            try await workers.start()
            let first = Task { try await workers.ask("first", AgentAddress("clerk")) }
            try await stage.heard("began making")
            let second = Task { try await workers.ask("second", AgentAddress("clerk")) }
            first.cancel()
            await fails(.cancelled, .unknown) { _ = try await first.value }
            stage.release("making")
            #expect(try await second.value == "SECOND")
        }
    }

    @Test("Cancelling the caller, and its deadline, cancel the handler", arguments: Kind.all)
    func cancellation(kind: Kind) async throws {
        try await withWorkers(on: try await kind.exchange()) { workers, stage in
            try await workers.registerClerks("clerk", stage)
            try await workers.start()
            let call = Task { try await workers.ask("hold a", AgentAddress("clerk")) }
            try await stage.heard("began a")
            call.cancel()
            await fails(.cancelled, .unknown) { _ = try await call.value }
            try await stage.heard("cancelled a")
            var deadline = Duration.milliseconds(200)
            while !stage.events.value.contains("began b"), deadline < .seconds(60) {
                let error = await #expect(throws: ExchangeError.self) {
                    try await workers.send(Ask(text: "hold b"), to: AgentAddress("clerk", key: "b"), deadline: deadline)
                }
                #expect(error?.code == .deadlineExceeded)
                deadline *= 4
            }
            try await stage.heard("cancelled b")
        }
    }

    @Test(
        "A message of an unknown type reaches a handler for such, unchanged, and so does its reply",
        arguments: Kind.all
    )
    func unknownPayloads(kind: Kind) async throws {
        try await withWorkers(on: try await kind.exchange()) { workers, _ in
            try await workers.register("counter", expecting: Counter.self) { _ in Counter() }
            try await workers.start()
            let payload = Payload(contentType: "application/x-protobuf", bytes: Data([1, 2, 255]))
            let message = UnknownPayload(dataType: "team.Job \"7\"\\", payload: payload)
            let reply = try await workers.send(message, to: AgentAddress("counter"), returning: UnknownPayload.self)
            #expect(reply == message)
        }
    }

    @Test("A Warren client calls a worker agent by its slot", arguments: Kind.all)
    func plainClient(kind: Kind) async throws {
        let exchange = try await kind.exchange()
        try await withWorkers(on: exchange) { workers, stage in
            try await workers.registerClerks("clerk", stage)
            try await workers.start()
            try await exchange.withUserClient(configuration: ClientConfiguration(logger: LogRecorder().logger)) {
                user in
                let slots = try await user.discover(typeNamed: "Worker.clerk", allowSubtypes: false)
                #expect(slots.map(\.name) == ["clerk/0"])
                #expect(try await user.discover(typeNamed: "Worker") == slots)
                let arguments = ActionArguments(payload: try Payload(encoding: Ask(text: "plain")))
                let answer = try await user.handle(to: slots[0]).action("Ask", arguments, returning: Answer.self)
                #expect(answer == Answer(text: "PLAIN"))
                _ = try await user.handle(to: slots[0]).ping()
                await fails(.unhandled, .delivered) { try await user.handle(to: slots[0]).shutdown() }
            }
        }
    }

    @Test("A type keeps no more agents than its limit, and nothing of keys that have none", arguments: Kind.all)
    func limits(kind: Kind) async throws {
        try await withWorkers(on: try await kind.exchange()) { workers, stage in
            var options = AgentTypeOptions()
            options.maximumAgents = 3
            try await workers.registerClerks("clerk", stage, options: options)
            try await workers.register(Counter(), at: AgentAddress("counter", key: "only"), options: options)
            try await workers.start()
            for key in 0..<3 { _ = try await workers.ask("a", AgentAddress("clerk", key: "\(key)")) }
            await fails(.limitReached, .delivered) { _ = try await workers.ask("a", AgentAddress("clerk", key: "3")) }
            #expect(try await workers.ask("a", AgentAddress("clerk", key: "1")) == "A")
            for key in 0..<10 {
                await fails(.unknownAgent, .delivered) {
                    _ = try await workers.ask("a", AgentAddress("counter", key: "\(key)"))
                }
            }
            #expect(try await workers.ask("a", AgentAddress("counter", key: "only")) == "0")
        }
    }
}
