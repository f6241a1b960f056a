#if Macros
    /// A type that describes its JSON. Schemas of actions use it.
    ///
    /// ```swift
    /// extension Receipt: SchemaProviding {
    ///     static var schema: JSONSchema {
    ///         .object(title: "Receipt", [.init("amount", Int.self), .init("to", String.self)])
    ///     }
    /// }
    /// ```
    ///
    /// An enumeration of texts that is `CaseIterable` has a schema already. The schema of a type that contains itself must end
    /// somewhere: describe the inner value as `.unknown(title:)`.
    public protocol SchemaProviding {
        /// The schema of the type's JSON.
        static var schema: JSONSchema { get }
    }

    extension SchemaProviding where Self: CaseIterable & RawRepresentable, RawValue == String {
        /// One of the raw values.
        public static var schema: JSONSchema { .choice(allCases.map(\.rawValue)) }
    }
#endif
