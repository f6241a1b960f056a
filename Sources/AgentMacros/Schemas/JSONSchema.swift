#if Macros
    /// A JSON Schema (draft 2020-12) of a value as `JSONEncoder` writes it.
    public indirect enum JSONSchema: Sendable, Hashable {
        /// A type of which only the name is known: any value is valid. Conform it to ``SchemaProviding`` to describe it.
        case unknown(title: String)
        /// Text, with a format such as `uuid`.
        case string(format: String? = nil)
        /// One of some texts.
        case choice([String])
        /// `true` or `false`.
        case boolean
        /// A number.
        case number
        /// A number without a fraction, and its bounds.
        case integer(minimum: Int64, maximum: UInt64)
        /// A list of values of one type.
        case array(JSONSchema)
        /// Values by name.
        case dictionary(JSONSchema)
        /// A structure.
        case object(title: String, [Property])
        /// The positional arguments of an action.
        case arguments([ArgumentSchema])
        /// A value, or `null`.
        case optional(JSONSchema)

        /// A property of a structure.
        public struct Property: Sendable, Hashable {
            /// The key.
            public let name: String
            /// The type.
            public let schema: JSONSchema
            /// Whether the key is always there. A property of an optional type is not required.
            public let isRequired: Bool

            /// Describes a property by its type.
            public init(_ name: String, _ type: any Any.Type) {
                self.name = name
                schema = JSONSchema(of: type)
                if case .optional = schema { isRequired = false } else { isRequired = true }
            }
        }

        /// Describes a type: standard types, types with ``SchemaProviding``, and lists, dictionaries and optionals of these.
        /// All others are ``unknown(title:)``.
        public init(of type: any Any.Type) {
            self = (type as? any SchemaProviding.Type)?.schema ?? .unknown(title: "\(type)")
        }

        /// The schema as JSON, with sorted keys.
        public var json: String { jsonText(of: self) }
    }
#endif
