#if AutoGen
    import AutoGenMessages

    extension Decoders {
        /// The streams of AutoGen's workers.
        static let autoGen = [
            decoder("messages of AutoGen's workers", StreamInput.messages, StreamInput.readMessage),
            Decoder(name: "events of AutoGen's workers") { mutator in
                let valid = ["1", "room", "news", "type.googleapis.com/a.B"]
                let names = [
                    "dataschema", "datacontenttype", "agagentsendertype", "agagentsenderkey", "traceparent", "x",
                ]
                let values = [
                    "sNote", "sapplication/json", "b true", "i-7", "yAP8=", "ua:b", "t-1.5", "sapplication/x-protobuf",
                ]
                var texts = valid.map { mutator.chance(of: 4) ? mutator.text($0) : $0 }
                for name in names where mutator.chance(of: 2) {
                    let value = values.randomElement(using: &mutator.random) ?? ""
                    texts.append(mutator.chance(of: 8) ? mutator.text(name) : name)
                    texts.append(mutator.chance(of: 4) ? mutator.text(value) : value)
                }
                return try outcome(
                    StreamInput.readMessage(StreamInput.event(texts, mutator.bytes(from: [[123, 125]])))
                )
            },
            decoder("control messages of AutoGen's workers", StreamInput.controls, StreamInput.readControl),
        ]

        private static func decoder(
            _ name: String,
            _ samples: [[UInt8]],
            _ read: @escaping @Sendable ([UInt8]) -> StreamInput.Outcome
        ) -> Decoder {
            Decoder(name: name) { mutator in
                try outcome(read(mutator.bytes(from: samples)))
            }
        }

        private static func outcome(_ outcome: StreamInput.Outcome) throws -> Decoder.Outcome {
            switch outcome {
            case .read: return .read
            case .refused: return .refused
            case .changed(let text): throw Decoder.Violation("came back changed: \(text)")
            }
        }
    }
#else
    extension Decoders {
        /// AutoGen's protocol is left out without its trait.
        static let autoGen: [Decoder] = []
    }
#endif
