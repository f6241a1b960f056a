public import AgentExchange
internal import Synchronization

/// The type, actions and errors of an interface, read from its properties once for each interface.
struct InterfaceDescription: Sendable {
    let type: AgentType
    let actionNames: [String]
    let errors: [String: any CodableError.Type]

    private static let known = Mutex<[ObjectIdentifier: InterfaceDescription]>([:])

    static func of(_ interface: any AgentInterface.Type) -> InterfaceDescription {
        let key = ObjectIdentifier(interface)
        if let description = known.withLock({ $0[key] }) { return description }
        let description = InterfaceDescription(interface)
        known.withLock { $0[key] = description }
        return description
    }

    private init(_ interface: any AgentInterface.Type) {
        var parents: [AgentType] = []
        var names: [String] = []
        var errors: [String: any CodableError.Type] = [:]
        for child in Mirror(reflecting: interface.init()).children {
            switch child.value {
            case let action as any NamedAction:
                names.append(action.name)
            case let refined as any AgentInterface:
                let refined = Self.of(Swift.type(of: refined))
                parents.append(refined.type)
                names += refined.actionNames
                errors.merge(refined.errors) { $1 }
            default:
                break
            }
        }
        for error in interface.errors { errors[AgentType.qualifiedName(of: error)] = error }
        type = AgentType(interface.typeName, parents: parents.isEmpty ? [.root] : parents)
        actionNames = names
        self.errors = errors
    }

    /// Returns an error as the type that the interface registered for it, or unchanged.
    func error(for error: ExchangeError, codecs: PayloadCodecs) -> any Error {
        guard let failure = error.failure, failure.code == .remote, let name = failure.type,
            let payload = failure.payload, let type = errors[name]
        else { return error }
        func decode<Known: CodableError>(_ type: Known.Type) -> any Error {
            do throws(ExchangeError) {
                return try payload.decode(type, with: codecs)
            } catch let undecoded {
                _ = undecoded
                return error
            }
        }
        return decode(type)
    }

    /// Returns whether the interface registers the type of an error.
    func knows(_ error: any Error) -> Bool { errors[AgentType.qualifiedName(of: Swift.type(of: error))] != nil }

    /// Returns the failure to send for an error of an action. Registered types are sent whole.
    func failure(for error: any Error, codec: any PayloadCodec) -> Failure {
        let name = AgentType.qualifiedName(of: Swift.type(of: error))
        guard errors[name] != nil, let error = error as? any CodableError else { return Failure(error) }
        let payload = try? Payload(contentType: codec.contentType, bytes: codec.encode(error))
        return Failure(.remote, "\(error)", type: name, payload: payload)
    }
}

extension AgentInterface {
    /// The type of agents with this interface: its name below the types of the interfaces that it refines.
    public static var agentType: AgentType { InterfaceDescription.of(Self.self).type }
}
