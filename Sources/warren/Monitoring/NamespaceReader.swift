import AgentExchange
import Foundation
import RabbitMQExchange

/// Reads a namespace again and again: it keeps the directory open, and asks for one list of queues each time.
///
/// A broker that is away is a failure in the reading, and is tried again with the next one. One reading at a time.
actor NamespaceReader {
    private let exchange: RabbitMQExchange
    private let management: ManagementAPI
    private let namespace: String
    private var administration: ExchangeAdministration?
    private var opening: Task<ExchangeAdministration, any Error>?
    /// Whether the directory was read completely once.
    private var hasDirectory = false
    private var lag: Duration?
    /// The way to list queues, by the numbers of the last list.
    private var way = QueueListing.Way.pages
    private var nextFence = ContinuousClock.now

    /// The time between records that make sure that the directory is read. In between it is followed.
    private static let fences = Duration.seconds(60)

    init(exchange: RabbitMQExchange, management: ManagementAPI, namespace: String) {
        self.exchange = exchange
        self.management = management
        self.namespace = namespace
    }

    /// Reads the namespace.
    func read() async -> NamespaceReading {
        let start = ContinuousClock.now
        async let queues = queues()
        var reading = NamespaceReading()
        var contents: DirectoryContents?
        do {
            contents = try await directory()
        } catch {
            reading.failures[.directory] = CommandFailure(error)
            // A directory that was read is still known.
            if hasDirectory { contents = try? await administration?.directoryContents(isComplete: false) }
        }
        let list: [QueueFigures]?
        switch await queues {
        case .success(let found):
            list = found.queues
            reading.pages = found.pages
        case .failure(let failure):
            list = nil
            reading.failures[.management] = failure
        }
        reading.directoryLag = lag
        reading.snapshot = contents.map { NamespaceSnapshot($0, list) }
        let end = ContinuousClock.now
        reading.duration = end - start
        reading.end = end
        return reading
    }

    /// Returns the connection to the namespace, and opens it if there is none. Any number of callers get the same one.
    ///
    /// - Throws: `ExchangeError` when no connection can be made.
    func opened() async throws -> ExchangeAdministration {
        if let administration { return administration }
        if let opening { return try await opening.value }
        let opening = Task { [exchange] in try await exchange.openAdministration() }
        self.opening = opening
        defer { self.opening = nil }
        let opened = try await opening.value
        administration = opened
        return opened
    }

    /// Closes the connections.
    func close() async {
        await administration?.close()
        administration = nil
    }

    private func directory() async throws -> DirectoryContents {
        let administration = try await opened()
        let start = ContinuousClock.now
        let isDue = !hasDirectory || start >= nextFence
        let contents = try await administration.directoryContents(isComplete: isDue)
        if isDue {
            lag = ContinuousClock.now - start
            nextFence = .now + Self.fences
            hasDirectory = true
        }
        return contents
    }

    private func queues() async -> Result<QueueListing, CommandFailure> {
        do {
            let listing = try await management.figures(namespace: namespace, way: way)
            way = listing.next
            return .success(listing)
        } catch let failure as CommandFailure {
            return .failure(failure)
        } catch {
            return .failure(CommandFailure(error))
        }
    }
}
