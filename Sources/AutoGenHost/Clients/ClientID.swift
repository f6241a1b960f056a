#if AutoGen
    internal import AgentExchange
    internal import GRPCCore

    /// The identity of a client: the text in the metadata `client-id` of its calls. It is a secret, and no description shows it.
    struct ClientID: Hashable, Sendable, CustomStringConvertible {
        /// The longest identifier, in bytes.
        private static let limit = 256

        private let text: String

        /// Reads it from the metadata of a call.
        ///
        /// - Throws: `RPCError` with `invalidArgument` when there is none.
        init(_ metadata: Metadata) throws(RPCError) {
            guard let text = metadata[stringValues: "client-id"].first(where: { _ in true }),
                text.utf8.count <= Self.limit
            else { throw RPCError(code: .invalidArgument, message: "client-id metadata not found.") }
            self.text = text
        }

        init(text: String) {
            self.text = text
        }

        /// A short hash, which tells clients apart in a log.
        var description: String {
            SHA256.digest(of: text).prefix(4).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
    }
#endif
