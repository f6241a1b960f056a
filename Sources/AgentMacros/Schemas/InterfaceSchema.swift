#if Macros
    internal import Foundation

    /// The actions of an interface with the types of their arguments and results, for people and programs that don't have the
    /// Swift code.
    public struct InterfaceSchema: Sendable, Hashable, Encodable {
        /// The type name on the exchange.
        public let interface: String
        /// The first paragraph of the documentation of the protocol.
        public let summary: String?
        /// The type names of the refined interfaces.
        public let refines: [String]
        /// The actions: those of refined interfaces first, then the own ones in the order of their declaration.
        public let actions: [ActionSchema]

        /// Describes an interface.
        ///
        /// - Parameters:
        ///   - interface: The type name on the exchange.
        ///   - summary: The first paragraph of its documentation.
        ///   - bases: The schemas of the refined interfaces.
        ///   - actions: The own actions.
        public init(_ interface: String, summary: String?, bases: [InterfaceSchema], actions: [ActionSchema]) {
            self.interface = interface
            self.summary = summary
            refines = bases.map(\.interface)
            self.actions = bases.flatMap(\.actions) + actions
        }

        /// The action with a name on the exchange; `nil` when there is none.
        public func action(_ name: String) -> ActionSchema? { actions.first { $0.name == name } }

        /// The schema as JSON, with sorted keys.
        public var json: String { jsonText(of: self) }
    }

    /// The types of an action.
    public struct ActionSchema: Sendable, Hashable, Encodable {
        /// The name on the exchange.
        public let name: String
        /// The function with its labels, such as `pay(customer:amount:)`.
        public let function: String
        /// The first paragraph of its documentation.
        public let summary: String?
        /// The array of the positional arguments of a request.
        public let arguments: JSONSchema
        /// The result, or a part of a streamed one; `nil` when there is none.
        public let result: JSONSchema?
        /// Whether the result is streamed.
        public let isStreamed: Bool

        /// Describes an action.
        public init(
            _ name: String,
            function: String,
            summary: String?,
            arguments: [ArgumentSchema],
            result: JSONSchema?,
            isStreamed: Bool
        ) {
            self.name = name
            self.function = function
            self.summary = summary
            self.arguments = .arguments(arguments)
            self.result = result
            self.isStreamed = isStreamed
        }
    }

    /// An argument of an action.
    public struct ArgumentSchema: Sendable, Hashable {
        /// The label, or the name of a parameter without one.
        public let name: String
        /// The type.
        public let schema: JSONSchema

        /// Describes an argument by its type.
        public init(_ name: String, _ type: any Any.Type) {
            self.name = name
            schema = JSONSchema(of: type)
        }
    }

    /// A value as JSON, with sorted keys. Texts and numbers can always be encoded.
    func jsonText(of value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
#endif
