import AgentExchange
import ArgumentParser
import Foundation
import RabbitMQExchange

/// `warren top`.
struct TopCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract:
            "Shows the agents live: waiting and running requests, rates, the oldest message, the longest running action.",
        discussion: """
            On a terminal the screen is renewed each --interval. Keys: w waiting, k in work, o oldest, l longest running, i rate in, \
            u rate out, c consumers, n name, y type choose the order, the same again or r reverses it; / filters, esc shows all; t shows \
            types in place of agents; arrows and page keys move; q ends. Elsewhere, or with --times, it prints plain text, once \
            unless --times says otherwise. The numbers are those of the management plugin, some seconds late; OLDEST exists for \
            classic queues only. LONGEST is asked from the agents, of the 128 with the most requests in work.

            EXAMPLE
              warren top --management http://127.0.0.1:15672
              warren top --times 3 --by-type --sort in
            """
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var management: ManagementOptions

    @Option(help: "The order: waiting, work, oldest, longest, in, out, consumers, name or type.")
    var sort = TopOrder.waiting

    @Option(help: ArgumentHelp("Only agents with this text in name, type or id.", valueName: "text"))
    var filter = ""

    @Flag(help: "Show types in place of agents.")
    var byType = false

    @Option(help: ArgumentHelp("The time between readings, from 1s.", valueName: "time"))
    var interval = TimeSpan.seconds(2)

    @Option(help: ArgumentHelp("Print plain text so many times.", valueName: "number"))
    var times: Int?

    func validate() throws {
        guard interval.duration >= .seconds(1) else { throw ValidationError("--interval is 1s or more") }
        guard times ?? 1 > 0 else { throw ValidationError("--times is 1 or more") }
    }

    func execute(_ console: Console) async throws {
        let exchange = try options.exchange("top")
        let longest = LongestRunning(exchange: exchange)
        let reader = NamespaceReader(
            exchange: exchange,
            management: try await management.required(options),
            namespace: options.chosenNamespace
        )
        var state = TopState(namespace: options.chosenNamespace)
        state.order = sort
        state.filter = String(filter.prefix(TopState.longestFilter))
        state.isByType = byType
        let isPlain = times != nil || console.json || isatty(STDOUT_FILENO) != 1 || isatty(STDIN_FILENO) != 1
        do {
            if isPlain {
                try await print(&state, reader, longest, console)
            } else {
                try await live(state, reader, longest)
            }
            await uncancelled { await Self.close(reader, longest) }
        } catch {
            await uncancelled { await Self.close(reader, longest) }
            throw error
        }
    }

    private static func close(_ reader: NamespaceReader, _ longest: LongestRunning) async {
        await longest.close()
        await reader.close()
    }

    private func print(
        _ state: inout TopState,
        _ reader: NamespaceReader,
        _ longest: LongestRunning,
        _ console: Console
    ) async throws {
        for number in 0..<(times ?? 1) {
            if number > 0 { try await Task.sleep(for: interval.duration) }
            let reading = await reader.read()
            if let failure = NamespaceReading.Source.allCases.compactMap({ reading.failures[$0] }).first {
                throw failure
            }
            state.take(reading, longest: await longest.seconds(reading), now: .now)
            if console.json {
                try console.object(state.rows)
            } else {
                if number > 0 { try console.line("") }
                for line in state.text(width: Terminal.width(of: STDOUT_FILENO)) { try console.line(line) }
            }
        }
    }

    private enum Event: Sendable {
        case keys([TopKey]), resized, reading(NamespaceReading, longest: [UUID: Int])
    }

    private func live(_ start: TopState, _ reader: NamespaceReader, _ longest: LongestRunning) async throws {
        var state = start
        let events = AsyncStream<Event>.makeStream(bufferingPolicy: .bufferingNewest(64))
        let screen = TopScreen(
            keys: { events.continuation.yield(.keys(TopKey.keys(in: $0))) },
            resized: { events.continuation.yield(.resized) }
        )
        guard let screen else { return }
        defer { screen.close() }
        let interval = interval.duration
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    let reading = await reader.read()
                    events.continuation.yield(.reading(reading, longest: await longest.seconds(reading)))
                    try await Task.sleep(for: interval)
                }
            }
            defer { group.cancelAll() }
            try draw(&state, screen)
            for await event in events.stream {
                switch event {
                case .reading(let reading, let longest): state.take(reading, longest: longest, now: .now)
                case .keys(let keys):
                    for key in keys where state.press(key) == .quit { return }
                case .resized: break
                }
                try draw(&state, screen)
            }
        }
    }

    private func draw(_ state: inout TopState, _ screen: TopScreen) throws {
        let size = screen.size
        try screen.show(state.screen(width: size.width, height: size.height))
    }
}
