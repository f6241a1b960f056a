#if Macros
    @_exported public import Agents

    /// Makes an agent interface of a protocol.
    ///
    /// ```swift
    /// @AgentInterface
    /// protocol Till {
    ///     /// Takes money.
    ///     func pay(customer: String, amount: Int) async throws(TillError) -> Receipt
    /// }
    /// ```
    ///
    /// The macro makes the structure `TillInterface`, an interface as one writes it by hand, with labels and a schema; and the
    /// table of each agent that conforms to the protocol:
    ///
    /// ```swift
    /// actor MyTill: Till, Agent { … }
    ///
    /// let till = user.handle(to: id, as: TillInterface.self)
    /// let receipt = try await till.pay(customer: "ann", amount: 5, deadline: .seconds(2))
    /// ```
    ///
    /// Each function is an action. It is `async throws`, has no overloads, and its types are `Codable` and `Sendable`. The
    /// error of a typed throw keeps its type on the way to the caller. A function that returns an `AsyncStream` or
    /// `AsyncThrowingStream`, or has a parameter of type `PartSender`, streams its result. A protocol that inherits from
    /// another interface refines it. Mistakes are errors at their place.
    ///
    /// - Parameters:
    ///   - typeName: The type name on the exchange; by default the qualified name of the protocol (`Money.Till`).
    ///   - errors: More errors that keep their type on the way to the caller.
    @attached(peer, names: suffixed(Interface))
    @attached(extension, names: prefixed(bind), named(boundActions), named(actions))
    public macro AgentInterface(typeName: String? = nil, errors: [any CodableError.Type] = []) =
        #externalMacro(module: "AgentMacrosPlugin", type: "AgentInterfaceMacro")

    /// Names an action on the exchange; by default it has the name of its function.
    ///
    /// ```swift
    /// @Action("add-interest") func addInterest(percent: Int) async throws -> Int
    /// ```
    ///
    /// - Parameter name: A literal of 1 to 255 bytes that does not begin with `warren.`.
    @attached(peer)
    public macro Action(_ name: String) = #externalMacro(module: "AgentMacrosPlugin", type: "ActionMacro")
#endif
