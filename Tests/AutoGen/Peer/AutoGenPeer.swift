import AgentExchange
import AutoGenHost
import Foundation
import InProcessExchange
import WorkerRuntime

#if AutoGen
    import SwiftProtobuf

    /// A host with agents in Swift for the tests with workers in Python, one with messages in protobuf, one with JSON. It ends on
    /// SIGTERM.
    @main
    struct AutoGenPeer {
        static func main() async {
            await runProgram {
                let exchange = InProcessExchange()
                let host = try AutoGenHost(address: "127.0.0.1:0", exchange: exchange)
                let address = try await host.start()
                let workers = try await WorkerRuntime(on: exchange)
                workers.serializers.register(Google_Protobuf_StringValue.self, Google_Protobuf_Int64Value.self)
                workers.serializers.register(Answer.self)
                try await workers.register("protobuf", subscriptions: [.type("protobuf-to-swift")]) { _ in Relay() }
                try await workers.register("swift", subscriptions: [.type("to-swift")]) { _ in Clerk() }
                try await workers.start()
                FileHandle.standardOutput.write(Data("autogen-peer listens on \(address)\n".utf8))
                try await workers.run(stoppingOn: [SIGTERM, SIGINT])
                await host.stop(grace: .seconds(1))
            }
        }
    }

    /// The answer of the agent in Python, in JSON: AutoGen's workers answer in no other form.
    struct Answer: Codable, Sendable {
        var text: String
    }

    struct Ask: Codable, Sendable {
        var text: String
    }

    struct Note: Codable, Sendable {
        var text: String
    }

    private struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    /// Answers and passes requests on as the agents in Python do, and publishes the events that it gets.
    private struct Clerk: WorkerAgent {
        static let handlers = Handlers<Clerk> {
            $0.onRequest(Ask.self) { _, ask, context in
                let words = ask.text.split(separator: " ", maxSplits: 2)
                let address = context.address
                if words.first == "raise" { throw Refusal(description: words.dropFirst().joined(separator: " ")) }
                guard words.first == "pass", words.count == 3 else {
                    return Answer(text: "\(address.type)/\(address.key) \(ask.text)")
                }
                let target = AgentAddress(String(words[1]), key: address.key)
                let answer = try await context.send(Ask(text: String(words[2])), to: target, returning: Answer.self)
                return Answer(text: "\(address.type)(\(answer?.text ?? "nothing"))")
            }
            $0.onEvent(Note.self) { _, note, context in
                let address = context.address
                let told = Note(text: "\(address.type)/\(address.key) \(note.text)")
                try await context.publish(told, to: Topic("to-python", source: address.key))
            }
        }
    }

    /// Asks the agent in Python about each event, and publishes the number of bytes of its answer.
    private struct Relay: WorkerAgent {
        static let handlers = Handlers<Relay> {
            $0.onEvent(Google_Protobuf_StringValue.self) { _, text, context in
                let source = context.topic?.source ?? ""
                let target = AgentAddress("python", key: source)
                let answer = try await context.send(text, to: target, returning: Answer.self)
                let count = Google_Protobuf_Int64Value(Int64(answer?.text.utf8.count ?? -1))
                try await context.publish(count, to: Topic("protobuf-to-python", source: source))
            }
        }
    }
#else
    /// The program without its trait.
    @main
    struct AutoGenPeer {
        static func main() {
            FileHandle.standardError.write(Data("autogen-peer: built without the package trait AutoGen\n".utf8))
            exit(2)
        }
    }
#endif
