internal import AgentExchange
internal import Foundation
internal import Logging

/// Standing by: the agent sends itself a request. While another process is served, that one gets it, and holds it without
/// an answer until it ends; then the exchange gives it to the next, and who gets its own is served now.
extension AgentRun {
    /// Returns when this process is the one that the exchange serves, or the agent is to end.
    func becomeActive(_ client: AgentExchangeClient) async {
        guard mode == .standby else {
            active.set(())
            return
        }
        await withTaskGroup { group in
            group.addTask { [self] in
                await sendProbe(client)
                _ = await active.wait()
            }
            group.addTask { [self] in _ = await active.wait() }
            group.addTask { [self] in _ = await end.wait() }
            await group.next()
            group.cancelAll()
        }
    }

    private func sendProbe(_ client: AgentExchangeClient) async {
        while active.value == nil, end.value == nil, !Task.isCancelled {
            do throws(ExchangeError) {
                let handle = client.handle(to: registration.agentID)
                _ = try await handle.action(Reserved.standby, ActionArguments(token), deadline: .seconds(3600))
            } catch let error where error.code == .deadlineExceeded {
                // Nothing changed for an hour.
            } catch {
                // When the mailbox is gone, the client's own end tells. Any request proves the same as this one.
                logger.debug("standing by without a probe", metadata: .init(keys: [.error: "\(error)"]))
                return
            }
        }
    }

    /// Answers this process's own probe, and keeps that of another.
    func serveProbe(_ request: Request, _ arguments: ActionArguments) async throws -> Response {
        active.set(())
        if try arguments.decode(UUID.self) == token { return request.response() }
        _ = await end.wait()
        if Task.isCancelled { throw CancellationError() }
        throw RequestLeft()
    }
}
