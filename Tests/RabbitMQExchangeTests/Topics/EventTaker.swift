import AgentExchange
import ExchangeTestKit
import Testing

/// Takes the events of a slot until it is closed.
final class EventTaker: Sendable {
    let transport: any EventTransport
    let deliveries = Monitor<[EventDelivery]>([])
    private let task: Task<Void, Never>

    init(_ transport: any ExchangeTransport) throws {
        let transport = try #require(transport as? any EventTransport)
        self.transport = transport
        transport.takeEvents { [deliveries] delivery in deliveries.update { $0.append(delivery) } }
        task = Task { _ = await transport.push { _ in } }
    }

    func wait(for ids: [String]) async throws -> [EventDelivery] {
        try await deliveries.wait(for: "\(ids)", timeout: .seconds(60)) {
            $0.map(\.event.id) == ids ? $0 : nil
        }
    }

    func close() async {
        await transport.close()
        await task.value
    }
}
