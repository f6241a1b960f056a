/// Middleware in order: each one's `next` is the rest.
extension ArraySlice<any ExchangeMiddleware> {
    func call(_ call: ClientCall, _ end: @escaping ExchangeMiddleware.CallStep) async throws(ExchangeError) -> Response
    {
        guard let first else { return try await end(call) }
        let rest = dropFirst()
        return try await first.call(call) { (call) throws(ExchangeError) in try await rest.call(call, end) }
    }

    func stream(_ call: ClientCall, _ end: @escaping ExchangeMiddleware.StreamStep) async throws(ExchangeError) {
        guard let first else { return try await end(call) }
        let rest = dropFirst()
        try await first.stream(call) { (call) throws(ExchangeError) in try await rest.stream(call, end) }
    }

    func broadcast(_ broadcast: Broadcast, _ end: @escaping ExchangeMiddleware.BroadcastStep)
        async throws(ExchangeError) -> [AgentID]
    {
        guard let first else { return try await end(broadcast) }
        let rest = dropFirst()
        return try await first.broadcast(broadcast) { (broadcast) throws(ExchangeError) in
            try await rest.broadcast(broadcast, end)
        }
    }

    func serve(_ request: Request, _ end: @escaping ExchangeMiddleware.ServiceStep) async throws -> Response {
        guard let first else { return try await end(request) }
        let rest = dropFirst()
        return try await first.serve(request) { try await rest.serve($0, end) }
    }
}

extension ExchangeTransport {
    /// Sends a broadcast, through the middleware if there is any.
    func broadcast(
        _ broadcast: Broadcast,
        through middleware: [any ExchangeMiddleware]
    ) async throws(ExchangeError) -> [AgentID] {
        if middleware.isEmpty { return try await self.broadcast(broadcast) }
        let path = broadcast.path
        return try await middleware[...].broadcast(broadcast) { (broadcast) throws(ExchangeError) in
            var broadcast = broadcast
            broadcast.path = path
            return try await self.broadcast(broadcast)
        }
    }
}
