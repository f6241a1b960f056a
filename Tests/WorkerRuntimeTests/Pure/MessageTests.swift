import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import WorkerRuntime

@Suite("Serializers, names and chains of worker agents")
struct WorkerMessageTests {
    private struct Shout: MessageSerializer {
        var dataType: String { "Ask" }
        var contentType: String { "text/plain" }

        func encode(_ message: Ask) throws(ExchangeError) -> Data { Data(message.text.utf8) }
        func decode(_ bytes: Data) throws(ExchangeError) -> Ask { Ask(text: String(decoding: bytes, as: UTF8.self)) }
    }

    @Test("A message has the bare name of its type, and comes back as that type")
    func roundTrip() throws {
        let serializers = MessageSerializers(format: "application/json")
        serializers.register(Ask.self, Note.self)
        serializers.register(Answer.self, as: "team.Answer")
        let encoded = try serializers.encode(Ask(text: "a"))
        #expect(encoded.dataType == "Ask")
        #expect(encoded.payload == Payload(contentType: "application/json", bytes: Data("{\"text\":\"a\"}".utf8)))
        #expect(try serializers.decode("Ask", encoded.payload) as? Ask == Ask(text: "a"))
        let odd = Payload(contentType: "Application/JSON; charset=utf-8", bytes: encoded.payload.bytes)
        #expect(try serializers.decode("Ask", odd) as? Ask == Ask(text: "a"))
        #expect(try serializers.encode(Answer(text: "a")).dataType == "team.Answer")
    }

    @Test("Unknown types become unknown payloads, bad bytes are an error, types without a serializer too")
    func unknown() throws {
        let serializers = MessageSerializers(format: "application/json")
        serializers.register(Ask.self)
        let payload = Payload(contentType: "application/json", bytes: Data("{}".utf8))
        let unknown = UnknownPayload(dataType: "Job", payload: payload)
        #expect(try serializers.decode("Job", payload) as? UnknownPayload == unknown)
        #expect(try serializers.encode(unknown) == unknown)
        let protobuf = Payload(contentType: "application/x-protobuf", bytes: Data())
        #expect(try serializers.decode("Ask", protobuf) is UnknownPayload)
        let unread = #expect(throws: ExchangeError.self) { try serializers.decode("Ask", payload) }
        #expect(unread?.code == .invalidPayload)
        let unwritten = #expect(throws: ExchangeError.self) { try serializers.encode(Bare()) }
        #expect(unwritten?.code == .noSerializer)
    }

    @Test("A format chooses among the serializers of a type; a later one replaces one with the same name")
    func formats() throws {
        let serializers = MessageSerializers(format: "text/plain")
        serializers.register(Ask.self)
        serializers.add(Shout())
        #expect(try serializers.encode(Ask(text: "a")).payload.contentType == "text/plain")
        // A handler's type that has serializers gets no other.
        serializers.addJSON(for: Ask.self)
        serializers.addJSON(for: Bare.self)
        #expect(serializers.name(of: Ask.self) == "Ask")
        #expect(serializers.name(of: Bare.self) == nil)
        let first = MessageSerializers(format: "application/json")
        first.add(Shout())
        #expect(try first.encode(Ask(text: "a")).payload.bytes == Data("a".utf8))
    }

    @Test("The name of a type is a parameter of the content type, whatever its characters (500 generated names)")
    func contentTypes() {
        var random = SeededGenerator()
        let characters = Array("aZ9._ \"\\;=ü日")
        for _ in 0..<500 {
            let count = Int.random(in: 0...12, using: &random)
            let name = String((0..<count).map { _ in characters.randomElement(using: &random) ?? "a" })
            let type = MessageType.contentType("application/json", of: name)
            #expect(MessageType.dataType(in: type) == name, "\(random)")
            #expect(Payload.mediaType(type) == "application/json", "\(random)")
        }
        for type in ["application/json", "application/json; type=", "a; type=\"x", "a; type=\"x\\"] {
            #expect(MessageType.dataType(in: type) == nil)
        }
    }

    @Test("The slots of a type are complete, or the type is not there")
    func slots() {
        func agent(_ name: String?) -> AgentID { AgentID(name: name) }
        let (zero, one, two) = (agent("a/0"), agent("a/1"), agent("a/2"))
        #expect(TypeDirectory.slots(of: "a", among: [two, one, zero]) == [zero, one, two])
        #expect(TypeDirectory.slots(of: "a", among: [zero, agent("a/0"), agent("b/1")]) == [zero])
        // Slot 0 is registered last: without it the type is not complete.
        #expect(TypeDirectory.slots(of: "a", among: [two, one]) == nil)
        #expect(TypeDirectory.slots(of: "a", among: [two, zero]) == nil)
        let strange = ["a", "a/", "a/-1", "a/256", "a/x", "/0", nil].map(agent)
        #expect(TypeDirectory.slots(of: "a", among: strange) == nil)
        #expect(TypeDirectory.slots(of: "a", among: strange + [zero]) == [zero])
    }

    @Test("A chain of calls is a short text, and bad text is no chain")
    func chains() {
        #expect(CallChain.text([]) == nil)
        let runs = (0..<100).map { _ in UInt64.random(in: .min ... .max) }
        #expect(CallChain.chain(CallChain.text(runs)) == Array(runs.suffix(CallChain.limit)))
        #expect((CallChain.text(runs)?.utf8.count ?? 0) <= CallChain.limit * 17)
        #expect(CallChain.chain(nil) == [])
        #expect(CallChain.chain("zz..1") == [1])
        #expect(CallChain.chain(String(repeating: "1.", count: 10_000)) == [])
    }
}
