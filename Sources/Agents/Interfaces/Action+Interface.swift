public import AgentExchange

extension Action: InterfaceAction {
    /// The number of arguments.
    public static var argumentCount: Int {
        var count = 0
        for _ in repeat (each Argument).self { count += 1 }
        return count
    }
}

extension Handle: InterfaceHandle {
    /// The actions.
    public static var interface: Interface { Interface() }

    /// Returns the untyped handle. Inside an agent on the same exchange it sends as that agent.
    ///
    /// - Throws: `ExchangeError.Code.invalidMessage` when the handle belongs to no client.
    public static func untyped(_ handle: Handle) throws(ExchangeError) -> RemoteHandle { try handle.sender() }
}
