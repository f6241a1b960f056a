import AgentExchange
import ExchangeTestKit
import Foundation
import InProcessExchange
import Testing

@testable import WorkerRuntime

@Suite("Middleware, interceptors and deadlines of worker agents")
struct WorkerMiddlewareTests {
    private let clerk = AgentAddress("clerk", key: "x")

    /// Reads a payload that is written backwards, takes a forged sender away, and moves some requests to another agent.
    private struct Reader: ExchangeMiddleware {
        func serve(_ request: Request, next: @escaping ServiceStep) async throws -> Response {
            guard case .action(let name, let arguments) = request.body else { return try await next(request) }
            var context = request.context
            context["agent-sender"] = nil
            let text = String(decoding: arguments.payload.bytes, as: UTF8.self)
            if text.contains("evom") { context["agent-key"] = "other" }
            let payload = Payload(contentType: "application/json", bytes: Data(String(text.reversed()).utf8))
            let changed = try Request(
                from: request.source,
                to: request.destination,
                tag: request.tag,
                label: request.label,
                deadline: request.deadline,
                context: context,
                .action(name: name, arguments: ActionArguments(payload: payload))
            )
            return try await next(changed)
        }
    }

    @Test("Middleware that serves changes what the handler sees, but not whose handler it is")
    func serving() async throws {
        try await withWorkers(.test { $0.client.middleware = [Reader()] }) { workers, stage in
            try await workers.registerClerks("clerk", stage)
            try await workers.start()
            func ask(_ text: String) async throws -> String? {
                let bytes = Data(String("{\"text\":\"\(text)\"}".reversed()).utf8)
                let message = UnknownPayload(
                    dataType: "Ask",
                    payload: Payload(contentType: "application/json", bytes: bytes)
                )
                let forged = AgentAddress("boss")
                return try await workers.send(message, to: clerk, returning: Answer.self, id: "m", sender: forged)?.text
            }
            #expect(try await ask("who") == "clerk/x clerk/x m nobody true")
            await fails(.invalidMessage, .delivered) { _ = try await ask("move") }
        }
    }

    private struct Editor: WorkerInterceptor {
        func onResponse(_ reply: any Sendable, from address: AgentAddress, to sender: AgentAddress?)
            async throws(ExchangeError) -> Interception
        {
            (reply as? Answer)?.text == "EDIT" ? .change(Answer(text: "edited")) : .pass
        }
    }

    @Test("Interceptors see and change replies that are taken without decoding them")
    func undecoded() async throws {
        try await withWorkers(.test { $0.interceptors = [Editor()] }) { workers, stage in
            try await workers.registerClerks("clerk", stage)
            try await workers.start()
            let edited = try await workers.send(Ask(text: "edit"), to: clerk, returning: UnknownPayload.self)
            #expect(edited?.dataType == "Answer")
            #expect(try edited?.payload.decode(Answer.self) == Answer(text: "edited"))
            let passed = try await workers.send(Ask(text: "a"), to: clerk, returning: UnknownPayload.self)
            #expect(try passed?.payload.decode(Answer.self) == Answer(text: "A"))
        }
    }

    @Test("A reply that nobody asked for, or that is taken as it is, is not decoded")
    func badReply() async throws {
        struct Garbler: WorkerAgent {
            static let handlers = Handlers<Garbler> {
                $0.onRequest(Ask.self) { _, _, _ -> UnknownPayload? in
                    let payload = Payload(contentType: "application/json", bytes: Data("{".utf8))
                    return UnknownPayload(dataType: "Note", payload: payload)
                }
            }
        }
        try await withWorkers { workers, _ in
            try await workers.register("clerk") { _ in Garbler() }
            workers.serializers.register(Note.self)
            try await workers.start()
            try await workers.send(Ask(text: "a"), to: clerk)
            let reply = try await workers.send(Ask(text: "a"), to: clerk, returning: UnknownPayload.self)
            #expect(reply?.payload.bytes == Data("{".utf8))
            await fails(.invalidPayload, .delivered) {
                _ = try await workers.send(Ask(text: "a"), to: clerk, returning: Note.self)
            }
        }
    }

    private struct Sleeper: WorkerInterceptor {
        let stage: Stage

        private func wait(_ name: String, if isMeant: Bool) async -> Interception {
            // Goes on after its cancellation.
            if isMeant { await Task { try? await stage.hold(name) }.value }
            return .pass
        }

        func onSend(_ message: any Sendable, to address: AgentAddress, from sender: AgentAddress?)
            async throws(ExchangeError) -> Interception
        { await wait("send", if: (message as? Ask)?.text == "send") }

        func onResponse(_ reply: any Sendable, from address: AgentAddress, to sender: AgentAddress?)
            async throws(ExchangeError) -> Interception
        { await wait("answer", if: (reply as? Answer)?.text == "ANSWER") }
    }

    @Test("A deadline holds for interceptors, and for local calls that wait for an agent")
    func deadlines() async throws {
        let stage = Stage()
        let configuration = WorkerConfiguration.test {
            $0.interceptors = [Sleeper(stage: stage)]
            $0.client.requestDeadline = .seconds(3)
        }
        try await withWorkers(on: InProcessExchange(), configuration) { workers, _ in
            try await workers.registerClerks("clerk", stage)
            try await workers.register("slow", expecting: Clerk.self) { new in
                try await stage.hold("making")
                return Clerk(stage: stage, address: new.address)
            }
            try await workers.start()
            await fails(.deadlineExceeded, .notSent) { _ = try await workers.ask("send", clerk) }
            await fails(.deadlineExceeded, .delivered) { _ = try await workers.ask("answer", clerk) }
            await fails(.deadlineExceeded, .notSent) {
                _ = try await workers.instance(at: AgentAddress("slow"), as: Clerk.self)
            }
            for name in ["send", "answer", "making"] { stage.release(name) }
        }
    }
}
