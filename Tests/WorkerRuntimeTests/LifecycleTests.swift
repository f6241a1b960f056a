import AgentExchange
import ExchangeTestKit
import Foundation
import InProcessExchange
import Testing

@testable import WorkerRuntime

@Suite("The life of a worker runtime", .serialized)
struct LifecycleTests {
    @Test("A type belongs to one worker; the next one gets it when the first gives it up", arguments: Kind.all)
    func exclusive(kind: Kind) async throws {
        let exchange = try await kind.exchange()
        try await withWorkers(on: exchange) { first, stage in
            try await first.registerClerks("clerk", stage)
            await fails(.typeInUse, .notSent) { try await first.registerClerks("clerk", stage) }
            await fails(.typeInUse, .notSent) { try await first.register(Counter(), at: AgentAddress("clerk")) }
            try await withWorkers(on: exchange) { second, _ in
                await fails(.typeInUse, .notSent) { try await second.registerClerks("clerk", stage) }
                // Nothing was changed by the attempt.
                try await first.start()
                #expect(try await first.ask("a", AgentAddress("clerk")) == "A")
                try await first.unregister("clerk")
                await fails(.unknownAgentType, .notSent) { _ = try await first.ask("a", AgentAddress("clerk")) }
                await fails(.unknownAgentType, .notSent) { try await first.unregister("clerk") }
                try await second.registerClerks("clerk", stage)
                try await second.start()
                #expect(try await first.ask("b", AgentAddress("clerk")) == "B")
            }
        }
    }

    @Test("Instances of one type have one slot, and one agent for each address", arguments: Kind.all)
    func instances(kind: Kind) async throws {
        try await withWorkers(on: try await kind.exchange()) { workers, _ in
            try await workers.register(Counter(), at: AgentAddress("counter", key: "a"))
            try await workers.register(Counter(), at: AgentAddress("counter", key: "b"))
            await fails(.typeInUse, .notSent) {
                try await workers.register(Counter(), at: AgentAddress("counter", key: "a"))
            }
            await fails(.typeInUse, .notSent) { try await workers.register("counter") { _ in Counter() } }
            try await workers.start()
            try await workers.send(Note(text: "n"), to: AgentAddress("counter", key: "b"))
            #expect(try await workers.ask("", AgentAddress("counter", key: "a")) == "0")
            #expect(try await workers.ask("", AgentAddress("counter", key: "b")) == "1")
        }
    }

    @Test("Messages wait from the registration until the start, and from a start to the next", arguments: Kind.all)
    func waiting(kind: Kind) async throws {
        try await withWorkers(on: try await kind.exchange()) { workers, stage in
            try await workers.registerClerks("clerk", stage, subscriptions: [.default])
            let early = Task { try await workers.ask("early", AgentAddress("clerk")) }
            let slot = try #require(workers.type("clerk")?.slot)
            // On a broker the slot's consumer has it by then, and it is ready nowhere.
            if kind == .inProcess {
                try await eventually("the request waits") {
                    try await workers.user().transport.details(of: slot.transport.mailboxID).queuedMessages == 1
                }
            }
            let published = try await workers.publish(Note(text: "event"), to: .default)
            #expect(published.hasSubscribers)
            #expect(stage.events.value.isEmpty)
            try await workers.start()
            try await workers.start()
            #expect(try await early.value == "EARLY")
            try await stage.heard("clerk/default event")
            await workers.stop()
            await workers.stop()
            await fails(.closed, .notSent) { _ = try await workers.ask("a", AgentAddress("clerk")) }
            try await workers.start()
            #expect(try await workers.ask("again", AgentAddress("clerk")) == "AGAIN")
            try await workers.publish(Note(text: "again"), to: .default)
            try await stage.heard("clerk/default again")
        }
    }

    @Test("A stop answers what waits, lets handlers end, closes agents, and removes subscriptions", arguments: Kind.all)
    func stops(kind: Kind) async throws {
        let exchange = try await kind.exchange()
        try await withWorkers(on: exchange) { workers, stage in
            try await workers.registerClerks(
                "clerk",
                stage,
                subscriptions: [.default],
                options: AgentTypeOptions(ordering: .oneAtATime)
            )
            try await workers.start()
            try await withWorkers(on: exchange) { others, _ in
                others.serializers.register(Ask.self, Answer.self)
                let clerk = AgentAddress("clerk")
                let running = Task { try await others.ask("hold a", clerk) }
                try await stage.heard("began a")
                let waiting = Task { try await others.ask("b", clerk) }
                try await eventually("the second request waits") { workers.type("clerk")?.slot?.work.count == 2 }
                let stopping = Task { await workers.stop() }
                // It is answered while the first one still runs.
                await fails(.mailboxTerminated, .refused) { _ = try await waiting.value }
                stage.release("a")
                #expect(try await running.value == "hold a")
                await stopping.value
                try await stage.heard("closed clerk/default")
                await fails(.unknownAgentType, .notSent) { _ = try await others.ask("b", clerk) }
                #expect(try await others.subscriptions() == [])
            }
        }
    }

    @Test(
        "Requests that wait at a stop are answered; their senders do not wait for their deadline",
        arguments: Kind.all
    )
    func answered(kind: Kind) async throws {
        let exchange = try await kind.exchange()
        try await withWorkers(on: exchange, .test { $0.gracePeriod = .milliseconds(100) }) { workers, stage in
            try await workers.registerClerks("clerk", stage, options: AgentTypeOptions(ordering: .oneAtATime))
            try await workers.start()
            try await withWorkers(on: exchange) { others, _ in
                others.serializers.register(Ask.self, Answer.self)
                let clerk = AgentAddress("clerk")
                let running = Task { try await others.ask("hold a", clerk) }
                try await stage.heard("began a")
                // 128 are with the worker, others in the mailbox.
                let waiting = (0..<200).map { number in Task { try await others.ask("\(number)", clerk) } }
                try await eventually("the mailbox is full") {
                    let user = try await exchange.makeUserTransport(name: nil)
                    let slots = try await user.discover(typeNamed: "Worker.clerk", allowSubtypes: false)
                    let queued = try await user.details(of: .agent(slots[0])).queuedMessages
                    await user.close()
                    return queued == 201 - 128
                }
                await workers.stop()
                await fails(.cancelled, .delivered) { _ = try await running.value }
                for request in waiting {
                    let error = await #expect(throws: ExchangeError.self) { _ = try await request.value }
                    #expect(error?.code == .mailboxTerminated, "\(error?.description ?? "")")
                    // No handler has seen it.
                    #expect(error?.delivery == .refused)
                }
            }
        }
    }

    @Test("A handler that goes on after the grace is cancelled before its agent is closed", arguments: Kind.all)
    func grace(kind: Kind) async throws {
        try await withWorkers(on: try await kind.exchange(), .test { $0.gracePeriod = .milliseconds(50) }) {
            workers,
            stage in
            try await workers.registerClerks("clerk", stage, subscriptions: [.default])
            try await workers.start()
            try await workers.publish(Note(text: "hold a"), to: .default)
            try await stage.heard("began a")
            await workers.stop()
            #expect(stage.events.value.contains("cancelled a"))
            #expect(stage.events.value.last == "closed clerk/default")
        }
    }

    @Test(
        "A stop when idle waits for handlers, for what they cause, and for what waits in the mailboxes",
        arguments: Kind.all
    )
    func idle(kind: Kind) async throws {
        try await withWorkers(on: try await kind.exchange()) { workers, stage in
            try await workers.registerClerks("clerk", stage, subscriptions: [.type("work")])
            let seen = Monitor<Int>(0)
            try await workers.registerClosure("collector", subscriptions: [.default]) { _, _ in seen.update { $0 += 1 }
            }
            for number in 0..<400 {
                try await workers.publish(
                    Note(text: "\(number)", urgent: true),
                    to: Topic("work", source: "\(number % 7)")
                )
            }
            try await workers.start()
            #expect(await workers.stopWhenIdle(within: .seconds(120)))
            #expect(seen.value == 400)
        }
        try await withWorkers(on: try await kind.exchange(), .test { $0.gracePeriod = .milliseconds(50) }) {
            workers,
            stage in
            try await workers.registerClerks("clerk", stage, subscriptions: [.default])
            try await workers.start()
            try await workers.publish(Note(text: "hold a"), to: .default)
            try await stage.heard("began a")
            #expect(await !workers.stopWhenIdle(within: .milliseconds(50)))
            #expect(stage.events.value.contains("cancelled a"))
        }
    }

    @Test("Handlers that stop their own runtime end it", arguments: Kind.all)
    func fromWithin(kind: Kind) async throws {
        // The stop waits for its own handler until its patience ends.
        let quick: (inout WorkerConfiguration) -> Void = {
            $0.gracePeriod = .milliseconds(50)
            $0.client.cancellationPatience = .milliseconds(50)
        }
        try await withWorkers(on: try await kind.exchange(), .test(configure: quick)) { workers, stage in
            let stopped = Monitor<Bool>(false)
            try await workers.registerClosure("ender", subscriptions: [.default]) { _, context in
                await context.workers.stop()
                stopped.update { $0 = true }
            }
            workers.serializers.register(Note.self)
            try await workers.start()
            try await workers.publish(Note(text: "end"), to: .default)
            try await stopped.wait(for: "the stop", timeout: .seconds(30)) { $0 ? true : nil }
            await fails(.closed, .notSent) { _ = try await workers.subscriptions() }
        }
    }

    @Test("A type whose worker died is taken over, with the requests that wait", arguments: Kind.all)
    func takeover(kind: Kind) async throws {
        let exchange = try await kind.exchange()
        // What is left of a worker that died: a registered slot, and nobody who serves it.
        let type = AgentType("Worker.clerk", parents: [AgentType("Worker")])
        let left = try await exchange.registration(named: "clerk/0", type: type)
        try await withWorkers(on: exchange) { others, stage in
            others.serializers.register(Ask.self, Answer.self)
            let waiting = Task { try await others.ask("left", AgentAddress("clerk", key: "k")) }
            try await withWorkers(on: exchange) { workers, _ in
                try await workers.registerClerks("clerk", stage)
                try await workers.start()
                let found = try await workers.ask("a", AgentAddress("clerk"))
                #expect(found == "A")
                #expect(try await waiting.value == "LEFT")
                let user = try await exchange.makeUserTransport(name: nil)
                let slots = try await user.discover(typeNamed: "Worker.clerk", allowSubtypes: false)
                #expect(slots == [left.agentID])
                await user.close()
            }
        }
    }

    @Test(
        "Many types and workers come and go at the same time, and each type has one worker",
        arguments: Kind.all
    )
    func race(kind: Kind) async throws {
        let exchange = try await kind.exchange()
        let (owners, successes) = (Monitor(0), Monitor(0))
        try await withThrowingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    // As another process has it.
                    let workers = try await WorkerRuntime(on: exchange.apart(), configuration: .test())
                    do {
                        try await workers.register("counter", expecting: Counter.self) { _ in Counter() }
                        let count = owners.update { owners in
                            owners += 1
                            return owners
                        }
                        #expect(count == 1)
                        try await workers.start()
                        #expect(try await workers.ask("", AgentAddress("counter")) != nil)
                        successes.update { $0 += 1 }
                        owners.update { $0 -= 1 }
                    } catch let error as ExchangeError {
                        #expect(error.code == .typeInUse, "\(error)")
                    }
                    await workers.stop()
                }
            }
            try await group.waitForAll()
        }
        #expect(successes.value >= 1)
        let user = try await exchange.makeUserTransport(name: nil)
        #expect(try await user.discover(typeNamed: "Worker", allowSubtypes: true) == [])
        await user.close()
    }
}
