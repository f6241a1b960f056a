internal import AgentExchange
internal import Foundation
internal import Logging
internal import Primitives
internal import Synchronization

/// Standby: the agent sends itself a request, a probe. The process that the exchange serves receives it and holds it
/// unanswered until it ends. The exchange then delivers it to the next process; a process that receives its own probe
/// is active.
///
/// Held probes count against the requests that the exchange hands out. So a probe lives for a minute and is sent again,
/// which forgets the probes of dead processes. One process holds three; further ones are refused and try again later.
extension AgentRun {
    private static var probeLife: Duration { .seconds(60) }
    private static var probeLimit: Int { AgentConfiguration.requestAllowance - 1 }

    /// Waits for a latch of this run. Returns `false` if the run ended first.
    func waitUntil(_ latch: OneShot<Void>) async -> Bool {
        await withTaskGroup { group in
            group.addTask { _ = await latch.wait() }
            group.addTask { [self] in _ = await ended.wait() }
            await group.next()
            group.cancelAll()
        }
        return latch.value != nil
    }

    /// Returns when the exchange serves this process, or the agent is to end.
    func becomeActive(_ client: AgentExchangeClient) async {
        // Every member of a group is served.
        guard mode == .standby, registration.sharing == .exclusive else {
            active.set()
            return
        }
        logger.info("an agent stands by")
        defer { if active.value != nil { logger.info("an agent on standby became active") } }
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
                _ = try await handle.action(Reserved.standby, ActionArguments(token), deadline: Self.probeLife)
            } catch let error where error.code == .deadlineExceeded {
                // Nothing changed for a minute.
            } catch let error where error.delivery == .delivered {
                // Too many processes are on standby.
                try? await Task.sleep(for: Self.probeLife / 2)
            } catch {
                // If the mailbox is gone, the client's own end reports it. Any request proves the same as this one.
                logger.debug("standing by without a probe", metadata: .init(keys: [.error: "\(error)"]))
                return
            }
        }
    }

    /// Answers this process's own probe, and holds the probe of another process.
    func serveProbe(
        _ request: Request,
        _ arguments: ActionArguments,
        _ client: AgentExchangeClient
    ) async throws -> Response {
        active.set()
        if try arguments.decode(UUID.self) == token { return request.response() }
        let mayHold = heldProbes.withLock { held in
            guard held < Self.probeLimit else { return false }
            held += 1
            return true
        }
        guard mayHold else { return request.error(.unavailable, "\(Self.probeLimit) others stand by already") }
        defer { heldProbes.withLock { $0 -= 1 } }
        if let deadline = RequestScope.current.deadline { client.cancel(request, at: deadline) }
        _ = await end.wait()
        if RequestScope.current.isOverdue { return overdue(request) }
        if Task.isCancelled { throw CancellationError() }
        throw RequestLeft()
    }
}
