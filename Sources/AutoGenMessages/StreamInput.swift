#if AutoGen
    internal import AgentExchange
    internal import AutoGenProtocol
    internal import Foundation
    internal import SwiftProtobuf
    internal import WorkerRuntime

    /// The decoders of the streams of AutoGen's workers, for tests with generated input.
    package enum StreamInput {
        /// The outcome of one input.
        package enum Outcome: Sendable {
            case read
            case refused
            /// A message did not come back as it was, or an error has no type.
            case changed(String)
        }

        // MARK: - Messages

        /// Valid messages of each kind.
        package static let messages: [[UInt8]] = {
            let payload = Agents_Payload.with {
                $0.dataType = "Ask"
                $0.dataContentType = "application/json"
                $0.data = Data("{}".utf8)
            }
            let request = Agents_RpcRequest.with {
                $0.requestID = "1"
                $0.source = Agents_AgentId(AgentAddress("writer", key: "k"))
                $0.target = Agents_AgentId(AgentAddress("editor", key: "k"))
                $0.method = "m"
                $0.payload = payload
                $0.metadata = ["traceparent": "00-aa"]
            }
            let response = Agents_RpcResponse.with {
                $0.requestID = "1"
                $0.payload = payload
                $0.error = "it failed"
                $0.metadata = ["a": "b"]
            }
            let event = CloudEvent.with {
                $0.id = "1"
                $0.source = "room"
                $0.specVersion = "1.0"
                $0.type = "news"
                $0.attributes = [
                    "dataschema": .text("Note"), "datacontenttype": .text("application/json"),
                    "agagentsendertype": .text("writer"), "agagentsenderkey": .text("k"), "traceparent": .text("00-aa"),
                    "boolean": .with { $0.ceBoolean = true }, "number": .with { $0.ceInteger = -7 },
                    "bytes": .with { $0.ceBytes = Data([0, 255]) }, "uri": .with { $0.ceUri = "a:b" },
                    "reference": .with { $0.ceUriRef = "/a" },
                    "time": .with { $0.ceTimestamp = .with { $0.seconds = -1 } },
                ]
            }
            let events = [
                event.with { $0.binaryData = Data("{}".utf8) }, event.with { $0.textData = "text" },
                event.with {
                    $0.protoData = .with {
                        $0.typeURL = "type.googleapis.com/a.B"
                        $0.value = Data([8, 1])
                    }
                },
            ]
            return [Agents_Message.bytes(.request(request)), Agents_Message.bytes(.response(response))]
                + events.map { Agents_Message.bytes(.cloudEvent($0)) }
        }()

        /// Makes an event of which only the values are unusual: most damaged bytes are no message at all.
        ///
        /// - Parameters:
        ///   - texts: Its fields, then the names and values of its attributes in turn.
        ///   - data: Its data, in the form that its size tells.
        package static func event(_ texts: [String], _ data: [UInt8]) -> [UInt8] {
            var rest = texts[...]
            let event = CloudEvent.with {
                $0.id = rest.popFirst() ?? ""
                $0.source = rest.popFirst() ?? ""
                $0.type = rest.popFirst() ?? ""
                let url = rest.popFirst() ?? ""
                switch data.count % 3 {
                case 0: $0.binaryData = Data(data)
                case 1: $0.textData = String(decoding: data, as: UTF8.self)
                default:
                    $0.protoData = .with {
                        $0.typeURL = url
                        $0.value = Data(data)
                    }
                }
                while let name = rest.popFirst(), let value = rest.popFirst() {
                    // Also the kinds of values, by the form in which they travel.
                    $0.attributes[name] = AttributeValue(contextText: value)
                }
            }
            return Agents_Message.bytes(.cloudEvent(event))
        }

        /// Reads a message as the host does, and checks that it can be passed on.
        package static func readMessage(_ bytes: [UInt8]) -> Outcome {
            guard let message = try? Agents_Message(serializedBytes: bytes) else { return .refused }
            switch message.message {
            case .request(let request): return read(request)
            case .response(let response):
                let answer = Agents_RpcResponse(response.requestID, reply: UnknownPayload(response.payload))
                return answer.payload == response.payload.known ? .read : .changed("an answer: \(answer)")
            case .cloudEvent(let event): return read(event)
            case nil: return .refused
            }
        }

        private static func read(_ request: Agents_RpcRequest) -> Outcome {
            let target = AgentAddress(request.target)
            guard Agents_AgentId(target) == request.target.known else { return .changed("an address: \(target)") }
            guard request.context.keys.allSatisfy({ Request.isContextName($0) }) else {
                return .changed("metadata: \(request.context)")
            }
            guard Agents_Payload(UnknownPayload(request.payload)) == request.payload.known else {
                return .changed("a payload")
            }
            do throws(ExchangeError) {
                try target.check()
                try request.sender?.check()
                return .read
            } catch {
                return error.code == .internal ? .changed("\(error)") : .refused
            }
        }

        private static func read(_ event: CloudEvent) -> Outcome {
            do throws(ExchangeError) {
                // Texts that are no UTF-8, and attributes that can't travel, are gone after the first time.
                let first = try Event(event) {}.cloudEvent
                let second = try Event(first) {}.cloudEvent
                guard first == second else { return .changed("an event: \(first), \(second)") }
                guard first.kind == event.kind else { return .changed("the data of an event: \(event)") }
                return .read
            } catch {
                return error.code == .internal ? .changed("\(error)") : .refused
            }
        }

        // MARK: - Control messages

        /// Valid control messages.
        package static let controls: [[UInt8]] = {
            let address = Agents_AgentId(AgentAddress("writer", key: "k"))
            let contents: [any SwiftProtobuf.Message] = [
                Agents_SaveStateRequest.with { $0.agentID = address },
                Agents_LoadStateRequest.with {
                    $0.agentID = address
                    $0.state = "{}"
                },
                Agents_SaveStateResponse.with { $0.state = "{}" }, Agents_LoadStateResponse.with { $0.error = "no" },
            ]
            return contents.enumerated().map { index, content in
                let message = Agents_ControlMessage.with {
                    $0.rpcID = "1"
                    $0.destination = index % 2 == 0 ? "agentid=writer/k" : "clientid=9f0d"
                    if index < 2 { $0.respondTo = "clientid=7a11" }
                    if let any = try? Google_Protobuf_Any(message: content) { $0.rpcMessage = any }
                }
                return (try? message.serializedBytes()) ?? []
            }
        }()

        /// Reads a control message as the host does.
        package static func readControl(_ bytes: [UInt8]) -> Outcome {
            guard let message = try? Agents_ControlMessage(serializedBytes: bytes) else { return .refused }
            let content = message.rpcMessage
            let isKnown =
                (try? Agents_SaveStateRequest(unpackingAny: content)) != nil
                || (try? Agents_LoadStateRequest(unpackingAny: content)) != nil
                || (try? Agents_SaveStateResponse(unpackingAny: content)) != nil
                || (try? Agents_LoadStateResponse(unpackingAny: content)) != nil
            switch ControlDestination(message.destination) {
            case .agent(let address)?:
                guard message.destination == "agentid=\(address)" else { return .changed("\(address)") }
            case .client?: break
            case nil: return .refused
            }
            return isKnown ? .read : .refused
        }
    }

    extension CloudEvent {
        fileprivate enum Kind { case binary, text, proto }

        /// The form of the data. An event without data is one without bytes.
        fileprivate var kind: Kind {
            switch data {
            case .textData: .text
            case .protoData: .proto
            case .binaryData, nil: isProtobuf ? .proto : .binary
            }
        }

        private var isProtobuf: Bool {
            Payload.mediaType(attributes["datacontenttype"]?.ceString ?? "") == "application/x-protobuf"
        }

        fileprivate func with(_ change: (inout CloudEvent) -> Void) -> CloudEvent {
            var copy = self
            change(&copy)
            return copy
        }
    }

    extension Agents_Payload {
        /// The payload without fields of later versions.
        fileprivate var known: Agents_Payload {
            .with {
                $0.dataType = dataType
                $0.dataContentType = dataContentType
                $0.data = data
            }
        }
    }

    extension Agents_AgentId {
        /// The address without fields of later versions.
        fileprivate var known: Agents_AgentId {
            .with {
                $0.type = type
                $0.key = key
            }
        }
    }
#endif
