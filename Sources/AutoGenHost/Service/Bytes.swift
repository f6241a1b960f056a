#if AutoGen
    internal import GRPCCore

    /// Hands out the bytes of a message. A service that decodes them itself decides about those that are no message: a
    /// deserializer that throws would end the stream.
    struct BytesDeserializer: MessageDeserializer {
        func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) -> [UInt8] {
            bytes.withUnsafeBytes { Array($0) }
        }
    }

    /// Sends the bytes of an encoded message.
    struct BytesSerializer: MessageSerializer {
        func serialize<Bytes: GRPCContiguousBytes>(_ message: [UInt8]) -> Bytes {
            Bytes(message)
        }
    }
#endif
