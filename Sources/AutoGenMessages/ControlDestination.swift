#if AutoGen
    package import AgentExchange

    /// The receiver of a control message.
    package enum ControlDestination: Sendable, Hashable {
        /// A client, by its identifier.
        case client(String)
        /// The worker of an agent.
        case agent(AgentAddress)

        /// Reads `clientid=UUID` or `agentid=TYPE/KEY`; `nil` for another text.
        package init?(_ text: String) {
            if text.hasPrefix("clientid=") {
                self = .client(String(text.dropFirst("clientid=".count)))
            } else if text.hasPrefix("agentid="),
                let address = AgentAddress(text: String(text.dropFirst("agentid=".count)))
            {
                self = .agent(address)
            } else {
                return nil
            }
        }
    }
#endif
