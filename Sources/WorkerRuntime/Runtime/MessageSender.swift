internal import AgentExchange

/// Sends requests to worker agents: asks the interceptors, encodes, finds the slot, decodes the reply.
struct MessageSender: Sendable {
    let directory: TypeDirectory
    let serializers: MessageSerializers
    let interceptors: [any WorkerInterceptor]
    let requestDeadline: Duration
    let activity: Activity

    /// A request to a worker agent.
    struct Outgoing: Sendable {
        let address: AgentAddress
        let deadline: Duration?
        let id: String?
        let sender: AgentAddress?
        /// The runs of handlers that wait for it.
        let chain: [UInt64]
        /// Metadata besides the names of the worker runtime.
        let metadata: [String: String]

        init(
            to address: AgentAddress,
            deadline: Duration? = nil,
            id: String? = nil,
            sender: AgentAddress? = nil,
            chain: [UInt64],
            metadata: [String: String] = [:]
        ) {
            self.address = address
            self.deadline = deadline
            self.id = id
            self.sender = sender
            self.chain = chain
            self.metadata = metadata
        }
    }

    /// A reply, as it came or as an interceptor changed it.
    struct Reply: Sendable {
        let payload: UnknownPayload
        /// The decoded message; `nil` when it was not asked for.
        let value: (any Sendable)?
    }

    /// Sends a request and returns its reply, if its handler returned one.
    ///
    /// - Parameter type: The type of the reply. The reply is not decoded for `UnknownPayload`, and for `nil` when it is
    ///   dropped, unless there are interceptors.
    func reply(
        to message: any Sendable,
        _ outgoing: Outgoing,
        as type: Any.Type?,
        _ workers: WorkerRuntime
    ) async throws(ExchangeError) -> Reply? {
        let work = activity.begin()
        defer { withExtendedLifetime(work) {} }
        let end = try end(outgoing.deadline)
        let (address, sender) = (outgoing.address, outgoing.sender)
        try address.check()
        let client = try workers.client(of: sender)
        let passed = try await interceptors.pass(message, until: end, .notSent) {
            (interceptor, message) throws(ExchangeError) in
            try await interceptor.onSend(message, to: address, from: sender)
        }
        guard let passed else { throw ExchangeError(.dropped, "an interceptor dropped the message to \(address)") }
        let encoded = try serializers.encode(passed)
        try encoded.checkName()
        let result = try await ask(
            encoded.dataType,
            encoded.payload,
            outgoing,
            until: end,
            allowsMailboxes: true,
            client,
            workers
        )
        guard let result else { return nil }
        do throws(ExchangeError) {
            return try await reply(UnknownPayload(result), outgoing, as: type, until: end)
        } catch {
            throw ExchangeError(error.code, error.message, delivery: .delivered, underlying: error.underlying)
        }
    }

    /// Decodes a reply, and asks the interceptors.
    private func reply(
        _ payload: UnknownPayload,
        _ outgoing: Outgoing,
        as type: Any.Type?,
        until end: ContinuousClock.Instant
    ) async throws(ExchangeError) -> Reply {
        let isDecoded = type.map { $0 != UnknownPayload.self } ?? false
        if !isDecoded, interceptors.isEmpty { return Reply(payload: payload, value: nil) }
        let types = Set(type.map { [ObjectIdentifier($0)] } ?? [])
        let value = try serializers.decode(payload.dataType, payload.payload, for: types)
        if interceptors.isEmpty { return Reply(payload: payload, value: value) }
        let hasChanged = Flag()
        let answered = try await interceptors.pass(value, until: end, .delivered, changed: hasChanged) {
            (interceptor, reply) throws(ExchangeError) in
            try await interceptor.onResponse(reply, from: outgoing.address, to: outgoing.sender)
        }
        guard let answered else {
            throw ExchangeError(.dropped, "an interceptor dropped the reply of \(outgoing.address)")
        }
        guard hasChanged.isSet else { return Reply(payload: payload, value: value) }
        return Reply(payload: isDecoded ? payload : try serializers.encode(answered), value: answered)
    }

    /// Sends an encoded request and returns the encoded reply. Interceptors do not see it.
    func relay(
        _ message: UnknownPayload,
        _ outgoing: Outgoing,
        _ workers: WorkerRuntime
    ) async throws(ExchangeError) -> UnknownPayload? {
        try outgoing.address.check()
        try message.checkName()
        let result = try await ask(
            message.dataType,
            message.payload,
            outgoing,
            until: try end(outgoing.deadline),
            allowsMailboxes: false,
            workers.user(),
            workers
        )
        return result.map { UnknownPayload($0) }
    }

    /// Asks the worker of an agent about it.
    func ask(
        about address: AgentAddress,
        _ action: String,
        _ workers: WorkerRuntime,
        _ payload: Payload = ActionArguments.none.payload
    ) async throws(ExchangeError) -> Payload? {
        let work = activity.begin()
        defer { withExtendedLifetime(work) {} }
        try address.check()
        let outgoing = Outgoing(to: address, chain: MessageContext.current?.chain ?? [])
        return try await ask(
            action,
            payload,
            outgoing,
            until: end(nil),
            allowsMailboxes: false,
            workers.user(),
            workers
        )
    }

    /// Returns the end of a call, which is not after that of the request that the current task serves.
    private func end(_ deadline: Duration?) throws(ExchangeError) -> ContinuousClock.Instant {
        .after(try RequestScope.limit(deadline ?? requestDeadline))
    }

    /// Sends a request to the slot of an address and returns its result.
    ///
    /// - Parameter allowsMailboxes: Whether an agent with a mailbox of its own is asked when no worker has the type.
    private func ask(
        _ action: String,
        _ payload: Payload,
        _ outgoing: Outgoing,
        until end: ContinuousClock.Instant,
        allowsMailboxes: Bool,
        _ client: any ExchangeClient,
        _ workers: WorkerRuntime
    ) async throws(ExchangeError) -> Payload? {
        let context = try outgoing.context
        let address = outgoing.address
        var hasLookedAgain = false
        while true {
            let slot = try await slot(of: address, until: end, allowsMailboxes: allowsMailboxes, client.transport)
            let call = NestedCall()
            defer { call.end() }
            do throws(ExchangeError) {
                return try await client.handle(to: slot).action(
                    action,
                    ActionArguments(payload: payload),
                    context: context,
                    deadline: ContinuousClock.now.duration(to: end),
                    directly: workers.nestedRoute(
                        to: slot,
                        of: address.type,
                        outgoing.chain,
                        by: client.transport,
                        call
                    )
                )
            } catch let error where error.failure == nil && Self.isGone(error) && !hasLookedAgain {
                // The type has another worker by now, or none.
                directory.forget(address.type)
                hasLookedAgain = true
            }
        }
    }

    private func slot(
        of address: AgentAddress,
        until end: ContinuousClock.Instant,
        allowsMailboxes: Bool,
        _ transport: any ExchangeTransport
    ) async throws(ExchangeError) -> AgentID {
        if let slot = directory.knownSlot(of: address) { return slot }
        return try await limited(until: end, while: "the worker of \(address.type) was looked up") {
            [directory] () throws(ExchangeError) in
            do throws(ExchangeError) {
                return try await directory.slot(of: address, transport)
            } catch let error where error.code == .unknownAgentType && allowsMailboxes {
                return try await directory.agent(at: address, transport)
            }
        }
    }

    private static func isGone(_ error: ExchangeError) -> Bool {
        error.delivery != .unknown && (error.code == .mailboxTerminated || error.code == .badEntityID)
    }
}

extension MessageSender.Outgoing {
    /// The context of the request.
    fileprivate var context: [String: String] {
        get throws(ExchangeError) {
            var context = metadata.filter { !WireName.isOwn($0.key) }
            context[WireName.key] = address.key
            if let id {
                guard (1...255).contains(id.utf8.count) else {
                    throw ExchangeError(.invalidMessage, "the identifier of a message has 1 to 255 bytes")
                }
                context[WireName.messageID] = id
            }
            if let sender {
                try sender.check()
                context[WireName.sender] = sender.description
            }
            context[WireName.chain] = CallChain.text(chain)
            return context
        }
    }
}

extension UnknownPayload {
    /// Reads the result of a request.
    init(_ result: Payload) {
        self.init(
            dataType: MessageType.dataType(in: result.contentType) ?? "",
            payload: Payload(contentType: Payload.mediaType(result.contentType), bytes: result.bytes)
        )
    }

    /// Checks the name of a message to be sent.
    ///
    /// - Throws: `ExchangeError.Code.invalidMessage`.
    func checkName() throws(ExchangeError) {
        if WireName.isReserved(dataType) {
            throw ExchangeError(.invalidMessage, "the names of message types do not begin with warren.")
        }
    }
}
