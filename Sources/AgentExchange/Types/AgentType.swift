/// The type of an agent: a name, and the lineage of its ancestors up to the root type `Agent`.
///
/// Agents are discovered by type. Only names cross the exchange, so that programs in other languages can use them. By
/// default a name is the qualified name of a Swift type.
///
/// ```swift
/// let sensor = AgentType("Sensor")
/// let thermometer = AgentType("Thermometer", parents: [sensor])
/// thermometer.lineage                   // ["Agent", "Sensor", "Thermometer"]
/// thermometer.isSubtype(of: "Sensor")   // true
/// ```
public struct AgentType: Sendable, Hashable, Codable {
    /// The name of the root type, the ancestor of every other.
    public static let rootName = "Agent"

    /// The root type: discovering it finds every agent.
    public static let root = AgentType(lineage: [rootName])

    /// Every name from the root to the type itself; ancestors always come before their descendants.
    public let lineage: [String]

    /// The type's own name.
    public var name: String { lineage.last ?? Self.rootName }

    /// The ancestors, nearest first, the root last. Empty for the root itself.
    public var ancestors: [String] { lineage.dropLast().reversed() }

    /// Makes a type with the given parents. By default its parent is the root.
    ///
    /// With several parents the lineages are merged: each ancestor appears once, after all of its own ancestors.
    public init(_ name: String, parents: [AgentType] = [.root]) {
        var line = [Self.rootName]
        for parent in parents {
            for ancestor in parent.lineage where !line.contains(ancestor) && ancestor != name {
                line.append(ancestor)
            }
        }
        if name != Self.rootName { line.append(name) }
        lineage = line
    }

    /// Makes a type named after a Swift type, qualified by its module (`Weather.Thermometer`).
    ///
    /// The name of a type that is declared inside a function leaves out the function.
    public init(_ type: (some Any).Type, parents: [AgentType] = [.root]) {
        self.init(Self.qualifiedName(of: type), parents: parents)
    }

    /// Returns whether this type has the name or descends from it.
    public func isSubtype(of name: String) -> Bool {
        lineage.contains(name)
    }

    /// Makes a type with a ``lineage`` that an exchange has stored with a registration.
    ///
    /// - Throws: ``ExchangeError/Code/invalidMessage`` when the lineage does not begin with ``rootName``, or has an
    ///   empty or repeated name.
    public init(checking lineage: [String]) throws(ExchangeError) {
        guard lineage.first == Self.rootName, Set(lineage).count == lineage.count, !lineage.contains("") else {
            let text = "a lineage begins with \(Self.rootName) and names each type once"
            throw ExchangeError(.invalidMessage, text)
        }
        self.init(lineage: lineage)
    }

    /// Makes a type with a lineage from a registration, without checking it.
    package init(lineage: [String]) {
        self.lineage = lineage
    }

    /// Returns `Module.Outer.Type`. Swift prints a local type as `Module.(unknown context at $7f…).Type`. The
    /// parentheses contain an address that differs between processes, so they are dropped.
    package static func qualifiedName(of type: any Any.Type) -> String {
        var name = String(reflecting: type)
        while let start = name.firstRange(of: "("), let end = name[start.lowerBound...].firstRange(of: ").") {
            name.removeSubrange(start.lowerBound..<end.upperBound)
        }
        return name
    }
}

extension AgentType: CustomStringConvertible {
    /// The type's own name.
    public var description: String { name }
}

extension AgentType {
    private enum CodingKeys: String, CodingKey, CaseIterable {
        case lineage
    }

    /// Decodes a lineage. It must begin with the root type and have no duplicates.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let lineage = try fields.decode([String].self, forKey: .lineage)
        do throws(ExchangeError) {
            try self.init(checking: lineage)
        } catch {
            throw DecodingError.dataCorruptedError(forKey: .lineage, in: fields, debugDescription: error.message)
        }
    }
}
