public import AgentExchange

/// The implementations of an interface's actions, and the agent's loops.
///
/// Every action of the interface must be bound exactly once. Launching an agent fails otherwise, with a list of the
/// missing actions.
public struct Actions<Subject: Sendable, Interface: AgentInterface>: Sendable {
    let bindings: [String: ActionBinding<Subject>]
    let loops: [AgentLoop<Subject>]
    private let boundTwice: [String]

    /// Makes the table.
    public init(_ build: (inout Builder) -> Void) {
        var builder = Builder()
        build(&builder)
        bindings = builder.bindings
        loops = builder.loops
        boundTwice = builder.boundTwice
    }

    /// Collects the bindings and loops of an agent; see ``Actions``.
    public struct Builder {
        var bindings: [String: ActionBinding<Subject>] = [:]
        var loops: [AgentLoop<Subject>] = []
        var boundTwice: [String] = []
        let interface = Interface()

        mutating func bind(
            _ name: String,
            limit: Int?,
            start: ActionStart = .scheduled,
            retry: RetryPolicy? = nil,
            isStreamed: Bool = false,
            _ body: @escaping ActionBinding<Subject>.Body
        ) {
            let binding = ActionBinding(body: body, isStreamed: isStreamed, limit: limit, start: start, retry: retry)
            if bindings.updateValue(binding, forKey: name) != nil {
                boundTwice.append(name)
            }
        }
    }

    /// Checks that every action of the interface is bound exactly once.
    ///
    /// - Throws: `ExchangeError.Code.invalidConfiguration` with the names of the actions at fault.
    public func validate() throws(ExchangeError) {
        let names = InterfaceDescription.of(Interface.self).actionNames
        let missing = names.filter { bindings[$0] == nil }
        let ambiguous = Set(names.filter { name in names.count { $0 == name } > 1 } + boundTwice)
        let foreign = Set(bindings.keys).subtracting(names)
        let limits = bindings.filter { $1.limit ?? 1 < 1 }.keys
        let reserved = names.filter { $0.isEmpty || $0.utf8.count > 255 || $0.hasPrefix(Reserved.prefix) }
        var faults: [String] = []
        if !missing.isEmpty { faults.append("not bound: \(missing.joined(separator: ", "))") }
        if !ambiguous.isEmpty { faults.append("more than once: \(ambiguous.sorted().joined(separator: ", "))") }
        if !foreign.isEmpty { faults.append("not in the interface: \(foreign.sorted().joined(separator: ", "))") }
        if !limits.isEmpty { faults.append("a limit below 1: \(limits.sorted().joined(separator: ", "))") }
        if !reserved.isEmpty { faults.append("a name that is not allowed: \(reserved.joined(separator: ", "))") }
        guard faults.isEmpty else {
            let text = "\(Subject.self) can't be an agent with the interface \(Interface.typeName); actions "
            throw ExchangeError(.invalidConfiguration, text + faults.joined(separator: "; "))
        }
    }
}

extension Actions {
    /// Selects the requests that start on the thread that delivers them; `nil` when none does.
    var startsAtOnce: (@Sendable (Request) -> Bool)? {
        let names = Set(bindings.filter { $1.start == .immediate }.keys)
        if names.isEmpty { return nil }
        return { request in
            guard case .action(let name, _) = request.body else { return false }
            return names.contains(name)
        }
    }
}

/// Action names that the library itself uses.
enum Reserved {
    static let prefix = "warren."
    static let standby = ReservedAction.standby

    /// Whether a request is the probe of another process that stands by.
    static func isProbe(_ request: Request, _ name: String, of client: AgentExchangeClient) -> Bool {
        name == standby && request.source == client.id
    }
}
