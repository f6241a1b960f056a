import AgentExchange
import ExchangeTestKit
import Foundation
import InProcessExchange
import Testing

@testable import WorkerRuntime

@Suite("Registering types, serializers and subscriptions of workers")
struct WorkerRegistrationTests {
    @Test("Invalid options are refused, and nothing is registered")
    func options() async throws {
        try await withWorkers { workers, stage in
            for options in [
                AgentTypeOptions(maximumAgents: 0), AgentTypeOptions(eventErrors: .retry(-1)),
                AgentTypeOptions(retention: .zero), AgentTypeOptions(idleLimit: .microseconds(999)),
                AgentTypeOptions(eventErrors: .retry(.max)),
            ] {
                await fails(.invalidConfiguration, .notSent) {
                    try await workers.registerClerks("clerk", stage, options: options)
                }
            }
            try await workers.registerClerks("clerk", stage, options: AgentTypeOptions(eventErrors: .retry(20)))
        }
    }

    @Test("The first message of a program has a serializer when the factory tells the type of its agents")
    func firstMessage() async throws {
        try await withWorkers { workers, stage in
            try await workers.register("clerk") { Clerk(stage: stage, address: $0.address) }
            try await workers.start()
            #expect(try await workers.ask("first", AgentAddress("clerk")) == "FIRST")
        }
    }

    private enum Bank {
        struct Order: Codable, Sendable { var money: Int }
        struct Teller: WorkerAgent {
            static let handlers = Handlers<Teller> {
                $0.onRequest(Order.self) { _, order, _ in Order(money: order.money + 1) }
            }
        }
    }

    private enum Shop {
        struct Order: Codable, Sendable { var thing: String }
        struct Seller: WorkerAgent {
            static let handlers = Handlers<Seller> {
                $0.onRequest(Order.self) { _, order, _ in Order(thing: order.thing + "!") }
            }
        }
    }

    @Test("Agents get the messages of their own type when two types have one name, and the log tells of it")
    func sameName() async throws {
        let log = LogRecorder()
        try await withWorkers(.test(log)) { workers, _ in
            try await workers.register("bank") { _ in Bank.Teller() }
            try await workers.register("shop") { _ in Shop.Seller() }
            try await workers.start()
            let money = try await workers.send(
                Bank.Order(money: 1),
                to: AgentAddress("bank"),
                returning: Bank.Order.self
            )
            #expect(money?.money == 2)
            let thing = try await workers.send(
                Shop.Order(thing: "a"),
                to: AgentAddress("shop"),
                returning: Shop.Order.self
            )
            #expect(thing?.thing == "a!")
            #expect(log.entries.count { $0.message == "two Swift types have the same name on the wire" } == 1)
        }
    }

    @Test("A name that a reply can't have is refused, and a reply has one name")
    func names() throws {
        let serializers = MessageSerializers(format: "application/json")
        serializers.register(Ask.self, as: String(repeating: "a", count: 201))
        let error = #expect(throws: ExchangeError.self) { try serializers.encode(Ask(text: "")) }
        #expect(error?.code == .invalidMessage)
        serializers.register(Note.self, as: String(repeating: "a", count: 200))
        #expect(throws: Never.self) { try serializers.encode(Note(text: "")) }
        #expect(MessageType.contentType("a/b; type=\"x\"", of: "Real") == "a/b; type=\"Real\"")
    }

    @Test("A subscription is adopted by a program that starts again; others are refused")
    func adoption() async throws {
        try await withWorkers { workers, stage in
            try await workers.registerClerks("clerk", stage)
            let first = try await workers.subscribe(Subscription(.type("news"), agentType: "clerk", id: "first"))
            #expect(first.id == "first")
            let again = Subscription(.type("news"), agentType: "clerk")
            await fails(.subscriptionExists, .refused) { try await workers.subscribe(again) }
            #expect(try await workers.subscribe(again, adopting: true) == first)
            // Neither is the identifier of another rule adopted, nor does it hide the equal subscription.
            let second = try await workers.subscribe(Subscription(.type("other"), agentType: "clerk", id: "second"))
            let other = Subscription(.type("third"), agentType: "clerk", id: "second")
            await fails(.subscriptionExists, .refused) { try await workers.subscribe(other, adopting: true) }
            let mixed = Subscription(.type("news"), agentType: "clerk", id: "second")
            #expect(try await workers.subscribe(mixed, adopting: true) == first)
            #expect(try await workers.subscriptions() == [first, second])
        }
    }

    @Test("A reserved name that the worker does not know reaches no handler, and neither does a stream")
    func reserved() async throws {
        try await withWorkers { workers, stage in
            try await workers.registerClosure("closure") { _, _ in stage.say("handled") }
            try await workers.start()
            let slot = try #require(workers.type("closure")?.slot)
            let handle = try workers.user().handle(to: slot.registration.agentID)
            await fails(.unhandled, .delivered) { _ = try await handle.action("warren.later") }
            await fails(.invalidMessage, .delivered) { for try await _ in handle.stream("Ask") {} }
            workers.serializers.register(Note.self, as: "warren.note")
            await fails(.invalidMessage, .notSent) { try await workers.publish(Note(text: "a"), to: .default) }
            #expect(stage.events.value == [])
        }
    }
}
