#if AutoGen
    import AutoGenProtocol
    import ExchangeTestKit
    import Foundation
    import SwiftProtobuf

    extension BareStream<Agents_Message> {
        /// Sends a request.
        func ask(_ id: String, _ type: String, key: String = "k", _ text: String = "\"hello\"", source: String? = nil)
            throws
        {
            try send(
                .with {
                    $0.request = .with {
                        $0.requestID = id
                        $0.target = .with {
                            $0.type = type
                            $0.key = key
                        }
                        if let source {
                            $0.source = .with {
                                $0.type = source
                                $0.key = "s"
                            }
                        }
                        $0.metadata = ["traceparent": "00-aa"]
                        $0.payload = .text(text)
                    }
                }
            )
        }

        /// Answers a request.
        func answer(_ id: String, _ text: String) throws {
            try send(
                .with {
                    $0.response = .with {
                        $0.requestID = id
                        $0.payload = .text(text)
                    }
                }
            )
        }

        /// Publishes an event.
        func publish(
            _ type: String,
            source: String = "room",
            _ text: String = "\"news\"",
            id: String = UUID().uuidString,
            sender: String? = nil
        ) throws {
            try send(.with { $0.cloudEvent = .of(type, source: source, text, id: id, sender: sender) })
        }

        /// Waits for a request.
        func request(within limit: Duration = .seconds(10)) async throws -> Agents_RpcRequest {
            try await next("a request", within: limit) {
                if case .request(let request)? = $0.message { request } else { nil }
            }
        }

        /// Waits for the answer to a request.
        func response(_ id: String, within limit: Duration = .seconds(10)) async throws -> Agents_RpcResponse {
            try await next("the response \(id)", within: limit) {
                if case .response(let response)? = $0.message, response.requestID == id { response } else { nil }
            }
        }

        /// Waits for an event.
        func event(within limit: Duration = .seconds(10)) async throws -> Io_Cloudevents_V1_CloudEvent {
            try await next("an event", within: limit) {
                if case .cloudEvent(let event)? = $0.message { event } else { nil }
            }
        }

        /// The messages that wait.
        var waiting: Int { received.value.count }
    }

    extension Agents_Payload {
        static func text(_ text: String) -> Agents_Payload {
            .with {
                $0.dataType = "Text"
                $0.dataContentType = "application/json"
                $0.data = Data(text.utf8)
            }
        }

        var text: String { String(decoding: data, as: UTF8.self) }
    }

    extension Io_Cloudevents_V1_CloudEvent {
        static func of(
            _ type: String,
            source: String,
            _ text: String,
            id: String = "1",
            sender: String? = nil
        ) -> Self {
            .with {
                $0.id = id
                $0.source = source
                $0.specVersion = "1.0"
                $0.type = type
                $0.attributes["dataschema"] = .with { $0.ceString = "Text" }
                $0.attributes["datacontenttype"] = .with { $0.ceString = "application/json" }
                $0.attributes["agmsgkind"] = .with { $0.ceString = "publish" }
                if let sender {
                    $0.attributes["agagentsendertype"] = .with { $0.ceString = sender }
                    $0.attributes["agagentsenderkey"] = .with { $0.ceString = "s" }
                }
                $0.binaryData = Data(text.utf8)
            }
        }

        var text: String { String(decoding: binaryData, as: UTF8.self) }
    }
#endif
