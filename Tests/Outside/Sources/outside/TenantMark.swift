internal import AgentExchange

/// Marks each call with the tenant of the client, as middleware outside of Warren's package.
struct TenantMark: ExchangeMiddleware {
    let tenant: String

    func call(_ call: ClientCall, next: @escaping CallStep) async throws(ExchangeError) -> Response {
        var call = call
        call.context["tenant"] = tenant
        return try await next(call)
    }

    /// Returns whether the hook marks a call. No exchange is needed to test it.
    static func marksCalls() async -> Bool {
        let call = ClientCall(agentID: AgentID(), body: .ping, deadline: .seconds(1))
        do throws(ExchangeError) {
            _ = try await TenantMark(tenant: "acme").call(call) { (call) throws(ExchangeError) in
                throw ExchangeError(.closed, call.context["tenant"] ?? "no tenant")
            }
        } catch  where error.message == "acme" {
            return true
        } catch {
            print("a hook saw: \(error.message)")
        }
        return false
    }
}
