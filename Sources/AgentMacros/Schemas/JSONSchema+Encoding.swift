#if Macros
    extension JSONSchema: Encodable {
        /// Encodes the schema as a JSON Schema.
        public func encode(to encoder: any Encoder) throws {
            var members = encoder.container(keyedBy: Key.self)
            switch self {
            case .unknown(let title):
                try members.encode(title, forKey: "title")
            case .string(let format):
                try members.encode("string", forKey: "type")
                try members.encodeIfPresent(format, forKey: "format")
            case .choice(let values):
                try members.encode("string", forKey: "type")
                try members.encode(values, forKey: "enum")
            case .boolean:
                try members.encode("boolean", forKey: "type")
            case .number:
                try members.encode("number", forKey: "type")
            case .integer(let minimum, let maximum):
                try members.encode("integer", forKey: "type")
                try members.encode(minimum, forKey: "minimum")
                try members.encode(maximum, forKey: "maximum")
            case .array(let element):
                try members.encode("array", forKey: "type")
                try members.encode(element, forKey: "items")
            case .dictionary(let value):
                try members.encode("object", forKey: "type")
                try members.encode(value, forKey: "additionalProperties")
            case .object(let title, let properties):
                try members.encode("object", forKey: "type")
                try members.encode(title, forKey: "title")
                var known = members.nestedContainer(keyedBy: Key.self, forKey: "properties")
                for property in properties { try known.encode(property.schema, forKey: Key(property.name)) }
                try members.encode(properties.filter(\.isRequired).map(\.name), forKey: "required")
            case .arguments(let arguments):
                try members.encode("array", forKey: "type")
                // An empty list is no valid keyword.
                if !arguments.isEmpty { try members.encode(arguments, forKey: "prefixItems") }
                try members.encode(false, forKey: "items")
                try members.encode(arguments.count, forKey: "minItems")
            case .optional(let value):
                try members.encode([AnyOf.value(value), .null], forKey: "anyOf")
            }
        }

        private enum AnyOf: Encodable {
            case value(JSONSchema), null

            func encode(to encoder: any Encoder) throws {
                switch self {
                case .value(let schema): try schema.encode(to: encoder)
                case .null: try ["type": "null"].encode(to: encoder)
                }
            }
        }

        fileprivate struct Key: CodingKey, ExpressibleByStringLiteral {
            let stringValue: String
            var intValue: Int? { nil }

            init(_ text: String) { stringValue = text }
            init(stringLiteral text: String) { stringValue = text }
            init?(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }
    }

    extension ArgumentSchema: Encodable {
        /// Encodes the schema of the type, with the name of the argument as its description.
        public func encode(to encoder: any Encoder) throws {
            try schema.encode(to: encoder)
            var members = encoder.container(keyedBy: JSONSchema.Key.self)
            try members.encode(name, forKey: "description")
        }
    }
#endif
