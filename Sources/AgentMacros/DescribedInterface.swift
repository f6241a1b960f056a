#if Macros
    internal import AgentExchange

    /// An interface with a schema, as `@AgentInterface` makes it.
    public protocol DescribedInterface: AgentInterface {
        /// The actions, with the types of their arguments and results.
        static var schema: InterfaceSchema { get }
    }

    extension DescribedInterface {
        /// The qualified name of the protocol: that of the structure, without `Interface` at its end.
        public static var typeName: String {
            let name = AgentType.qualifiedName(of: Self.self)
            let suffix = "Interface"
            return name.hasSuffix(suffix) ? String(name.dropLast(suffix.count)) : name
        }
    }
#endif
