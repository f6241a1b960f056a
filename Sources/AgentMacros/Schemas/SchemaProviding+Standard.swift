#if Macros
    public import Foundation

    extension String: SchemaProviding {
        /// Text.
        public static var schema: JSONSchema { .string() }
    }

    extension Bool: SchemaProviding {
        /// `true` or `false`.
        public static var schema: JSONSchema { .boolean }
    }

    extension Double: SchemaProviding {
        /// A number.
        public static var schema: JSONSchema { .number }
    }

    extension Float: SchemaProviding {
        /// A number.
        public static var schema: JSONSchema { .number }
    }

    extension SchemaProviding where Self: FixedWidthInteger {
        /// An integer with the bounds of the type.
        public static var schema: JSONSchema {
            .integer(minimum: Int64(clamping: Self.min), maximum: UInt64(clamping: Self.max))
        }
    }

    extension Int: SchemaProviding {}
    extension Int8: SchemaProviding {}
    extension Int16: SchemaProviding {}
    extension Int32: SchemaProviding {}
    extension Int64: SchemaProviding {}
    extension UInt: SchemaProviding {}
    extension UInt8: SchemaProviding {}
    extension UInt16: SchemaProviding {}
    extension UInt32: SchemaProviding {}
    extension UInt64: SchemaProviding {}

    extension UUID: SchemaProviding {
        /// A UUID as text.
        public static var schema: JSONSchema { .string(format: "uuid") }
    }

    extension URL: SchemaProviding {
        /// A URL as text, which may be relative.
        public static var schema: JSONSchema { .string(format: "uri-reference") }
    }

    extension Date: SchemaProviding {
        /// The seconds since 1970, as the exchange's codec writes them.
        public static var schema: JSONSchema { .number }
    }

    extension Data: SchemaProviding {
        /// Text in base 64.
        public static var schema: JSONSchema { .string() }
    }

    extension Array: SchemaProviding {
        /// A list of the elements' type.
        public static var schema: JSONSchema { .array(JSONSchema(of: Element.self)) }
    }

    extension Set: SchemaProviding {
        /// A list of the elements' type.
        public static var schema: JSONSchema { .array(JSONSchema(of: Element.self)) }
    }

    extension Dictionary: SchemaProviding {
        /// An object if the keys are texts or of type `Int`. Other keys are written as a list, whose schema is not known.
        public static var schema: JSONSchema {
            Key.self == String.self || Key.self == Int.self
                ? .dictionary(JSONSchema(of: Value.self)) : .unknown(title: "\(Self.self)")
        }
    }

    extension Optional: SchemaProviding {
        /// A value, or `null`.
        public static var schema: JSONSchema { .optional(JSONSchema(of: Wrapped.self)) }
    }
#endif
