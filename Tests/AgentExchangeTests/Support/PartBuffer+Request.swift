@testable import AgentExchange

extension PartBuffer {
    /// A buffer that reports to the metrics and traces of the process.
    convenience init(request: Request) {
        let outgoing = OutgoingCall(
            .stream,
            request.body,
            from: request.source,
            to: .mailbox(request.destination),
            tag: request.tag,
            Telemetry(exchangeKind: "test")
        )
        self.init(request: request, outgoing: outgoing)
    }
}
