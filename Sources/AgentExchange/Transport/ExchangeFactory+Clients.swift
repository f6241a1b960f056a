extension ExchangeFactory {
    /// Makes a user with a mailbox of its own.
    ///
    /// - Parameters:
    ///   - name: A display name.
    ///   - startListener: Whether answers are received; without a listener, receive from the transport yourself.
    ///   - configuration: How the client behaves.
    public func makeUserClient(
        name: String? = nil,
        startListener: Bool = true,
        configuration: ClientConfiguration = ClientConfiguration()
    ) async throws(ExchangeError) -> UserExchangeClient {
        let transport = try await makeUserTransport(name: name)
        return UserExchangeClient(transport: transport, startListener: startListener, configuration: configuration)
    }

    /// Opens the mailbox of a registered agent and serves it.
    ///
    /// The handler may be called before this returns.
    ///
    /// - Parameters:
    ///   - registration: The agent's registration.
    ///   - mode: What to do when another process serves the mailbox.
    ///   - requestLimit: How many requests are taken before one of them is answered; `nil` is the exchange's own limit.
    ///   - configuration: How the client behaves.
    ///   - requestHandler: Serves one request; several at a time.
    /// - Throws: ``ExchangeError/Code/badEntityID`` when the agent is not registered or was terminated,
    ///   ``ExchangeError/Code/mailboxInUse`` when it is served already and `mode` is ``AttachMode/exclusive``.
    public func makeAgentClient(
        _ registration: AgentRegistration,
        mode: AttachMode = .exclusive,
        requestLimit: Int? = nil,
        configuration: ClientConfiguration = ClientConfiguration(),
        requestHandler: @escaping RequestHandler
    ) async throws(ExchangeError) -> AgentExchangeClient {
        try await makeAgentClient(
            registration,
            mode: mode,
            requestLimit: requestLimit,
            configuration: configuration,
            startsAtOnce: nil,
            requestHandler: requestHandler
        )
    }

    /// The same, with a handler that begins on the thread which brings the request, for those requests.
    package func makeAgentClient(
        _ registration: AgentRegistration,
        mode: AttachMode,
        requestLimit: Int?,
        configuration: ClientConfiguration,
        startsAtOnce: (@Sendable (Request) -> Bool)?,
        requestHandler: @escaping RequestHandler
    ) async throws(ExchangeError) -> AgentExchangeClient {
        let transport = try await makeAgentTransport(registration, mode: mode, requestLimit: requestLimit)
        return AgentExchangeClient(
            registration: registration,
            transport: transport,
            configuration: configuration,
            startsAtOnce: startsAtOnce,
            handler: requestHandler
        )
    }
}
