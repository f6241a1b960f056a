import Foundation

/// Both sides' programs on one broker.
struct Programs {
    let port: Int
    let rawFolder: String
    let load: String
    /// Where the broker keeps its data; `nil` when that is not known.
    let data: URL?

    private var url: String { "amqp://guest:guest@127.0.0.1:\(port)" }

    /// Starts a raw program.
    func raw(_ name: String, _ arguments: String...) throws -> Running {
        try Running("\(rawFolder)/\(name)", ["\(port)"] + arguments)
    }

    /// Runs a raw program that prints figures.
    func rawFigures(_ name: String, _ arguments: String...) throws -> Figures {
        try rawFigures(name, arguments)
    }

    /// The same.
    func rawFigures(_ name: String, _ arguments: [String]) throws -> Figures {
        let program = try Running("\(rawFolder)/\(name)", ["\(port)"] + arguments)
        let figures = try program.figures()
        try program.end()
        return figures
    }

    /// Runs a raw program that prints nothing.
    func rawStep(_ name: String, _ arguments: String...) throws {
        try Running("\(rawFolder)/\(name)", ["\(port)"] + arguments).end()
    }

    /// Starts a program of Warren.
    func warren(_ command: String, _ namespace: String, _ kind: QueueKind, _ arguments: String...) throws -> Running {
        try warren(command, namespace, kind, arguments)
    }

    /// The same with a list of arguments.
    func warren(_ command: String, _ namespace: String, _ kind: QueueKind, _ arguments: [String]) throws -> Running {
        try Running(load, exchange(command, namespace, kind) + arguments)
    }

    /// Runs a program of Warren that prints figures.
    func warrenFigures(
        _ command: String,
        _ namespace: String,
        _ kind: QueueKind,
        _ arguments: String...
    ) throws -> Figures {
        try warrenFigures(command, namespace, kind, arguments)
    }

    /// The same with a list of arguments.
    func warrenFigures(
        _ command: String,
        _ namespace: String,
        _ kind: QueueKind,
        _ arguments: [String]
    ) throws -> Figures {
        let program = try Running(load, exchange(command, namespace, kind) + arguments)
        let figures = try program.figures()
        try program.end()
        return figures
    }

    /// Runs the measurement within one process.
    func local(_ arguments: String...) throws -> Figures { try local("local", arguments) }

    /// Runs a program that needs no broker and prints figures.
    func local(_ command: String, _ arguments: [String]) throws -> Figures {
        let program = try Running(load, [command] + arguments)
        let figures = try program.figures()
        try program.end()
        return figures
    }

    private func exchange(_ command: String, _ namespace: String, _ kind: QueueKind) -> [String] {
        [command, "--broker", url, "--namespace", namespace, "--mailboxes", kind.mailboxes]
    }
}

/// How queues are kept.
enum QueueKind: String, CaseIterable {
    case classic, quorum

    /// What Warren calls it.
    var mailboxes: String { self == .classic ? "single" : "replicated" }
}
