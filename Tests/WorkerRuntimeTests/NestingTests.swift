import AgentExchange
import ExchangeTestKit
import InProcessExchange
import Testing

@testable import WorkerRuntime

@Suite("Requests that running handlers wait for")
struct NestingTests {
    /// Puts requests into the mailbox of a type that is not started.
    private func wait(for count: Int, of type: String, in workers: WorkerRuntime) async throws {
        let slot = try #require(workers.type(type)?.slot)
        try await eventually("\(count) requests wait") {
            try await workers.user().transport.details(of: slot.transport.mailboxID).queuedMessages == count
        }
    }

    @Test("They do not wait for the places of those handlers, however many there are")
    func crowd() async throws {
        try await withWorkers { workers, stage in
            try await workers.registerClerks("clerk", stage)
            let asking = (0..<200).map { number in
                Task {
                    try await workers.ask("ask clerk/other deep \(number)", AgentAddress("clerk", key: "\(number)"))
                }
            }
            try await wait(for: 200, of: "clerk", in: workers)
            try await workers.start()
            for (number, task) in asking.enumerated() { #expect(try await task.value == "DEEP \(number)") }
        }
    }

    @Test("They do not wait behind the messages of an agent that runs one at a time")
    func queue() async throws {
        try await withWorkers { workers, stage in
            let options = AgentTypeOptions(ordering: .oneAtATime)
            try await workers.registerClerks("clerk", stage, options: options)
            try await workers.registerClerks("chief", stage, options: options)
            let clerk = AgentAddress("clerk", key: "a")
            let first = Task { try await workers.ask("ask clerk/b ask chief/c ask clerk/a deep", clerk) }
            try await wait(for: 1, of: "clerk", in: workers)
            let others = (0..<300).map { number in Task { try await workers.ask("\(number)", clerk) } }
            try await wait(for: 301, of: "clerk", in: workers)
            try await workers.start()
            #expect(try await first.value == "DEEP")
            for (number, task) in others.enumerated() { #expect(try await task.value == "\(number)") }
        }
    }

    @Test("The chain of calls holds outside of the handler's task")
    func detached() async throws {
        try await withWorkers { workers, stage in
            let options = AgentTypeOptions(ordering: .oneAtATime)
            try await workers.registerClosure("self", options: options) { message, context in
                guard let ask = message as? Ask else { return }
                stage.say(ask.text)
                guard ask.text == "outer" else { return }
                try await Task.detached { try await context.send(Ask(text: "inner"), to: context.address) }.value
                stage.say("end")
            }
            workers.serializers.register(Ask.self)
            try await workers.start()
            try await workers.send(Ask(text: "outer"), to: AgentAddress("self"))
            #expect(stage.events.value == ["outer", "inner", "end"])
        }
    }

    @Test("Cancelling the caller cancels a handler that was reached past the mailbox")
    func cancellation() async throws {
        try await withWorkers { workers, stage in
            try await workers.registerClerks("clerk", stage)
            try await workers.start()
            let holding = (0..<64).map { number in
                Task { try await workers.ask("hold all", AgentAddress("clerk", key: "\(number)")) }
            }
            try await eventually("half of the places are taken") { workers.type("clerk")?.slot?.isCrowded == true }
            let call = Task { try await workers.ask("ask clerk/y hold inner", AgentAddress("clerk", key: "x")) }
            try await stage.heard("began inner")
            call.cancel()
            await fails(.cancelled, .unknown) { _ = try await call.value }
            try await stage.heard("cancelled inner")
            stage.release("all")
            for task in holding { #expect(try await task.value == "hold all") }
        }
    }

    @Test("A slot whose places are all taken answers a ping")
    func ping() async throws {
        try await withWorkers { workers, stage in
            try await workers.registerClerks("clerk", stage)
            try await workers.start()
            let holding = (0..<140).map { number in
                Task { try await workers.ask("hold all", AgentAddress("clerk", key: "\(number)")) }
            }
            let slot = try #require(workers.type("clerk")?.slot)
            try await eventually("all places are taken") {
                let details = try await workers.user().transport.details(of: slot.transport.mailboxID)
                return slot.work.count == 128 && details.queuedMessages == 140 - 128
            }
            _ = try await workers.user().handle(to: slot.registration.agentID).ping()
            stage.release("all")
            for task in holding { #expect(try await task.value == "hold all") }
        }
    }
}
