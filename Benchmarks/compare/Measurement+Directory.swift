import Foundation

extension Measurement {
    /// What the directory costs after many agents and questions came and went.
    ///
    /// The quick form has a fiftieth of them. It is not multiplied: what stays does not depend on how many there were.
    static func growth(quick: Bool) -> [Measurement] {
        let dead = quick ? 20_000 : 1_000_000
        let grown = GrownDirectory(dead: dead, living: 1000, grace: quick ? 5 : 60)
        return [
            // Without a raw side a time tells how fast the machine is at the moment.
            Measurement(
                name: "opening after \(dead) agents ended, 1000 alive",
                unit: "s",
                goal: .init(side: .atMost, value: 1, isRatio: false),
                rounds: 1,
                isSteady: false,
                needsDisk: true
            ) { Round(raw: nil, warren: try grown.made(by: $0).open($0)) },
            Measurement(
                name: "what \(dead) discoveries leave on the broker's disk",
                unit: "MiB",
                goal: .init(side: .atMost, value: 1, isRatio: false),
                rounds: 1,
                needsDisk: true
            ) { Round(raw: nil, warren: try grown.made(by: $0).ask($0, dead)) },
            Measurement(
                name: "memory of a session for each living agent",
                unit: "KiB",
                goal: .init(side: .atMost, value: 2, isRatio: false),
                rounds: 1
            ) { programs in
                let few = try memory(programs, living: 1000, dead: 0)
                return Round(raw: nil, warren: (try memory(programs, living: 21_000, dead: 0) - few) / 20_000 / 1024)
            },
            // Those that are remembered, 10,000, are in both.
            Measurement(
                name: "memory of a session for each of 100000 dead agents",
                unit: "bytes",
                goal: .init(side: .atMost, value: 10, isRatio: false),
                rounds: 1
            ) { programs in
                let few = try memory(programs, living: 1000, dead: 20_000)
                return Round(raw: nil, warren: (try memory(programs, living: 1000, dead: 120_000) - few) / 100_000)
            },
            Measurement(
                name: "a week of 100 agents, pinged each 10 s",
                unit: "MiB",
                goal: .init(side: .atMost, value: 10, isRatio: false),
                rounds: 1,
                needsDisk: true
            ) { Round(raw: nil, warren: try week($0, pings: 10_000, quiet: quick ? 10 : 60)) },
        ]
    }

    private static func memory(_ programs: Programs, living: Int, dead: Int) throws -> Double {
        let namespace = fresh()
        // It makes the streams.
        _ = try programs.warrenFigures("directory-memory", namespace, .classic)
        _ = try programs.rawFigures("announce", "warren.\(namespace).agents", "\(living)", "10", "\(dead)")
        return try programs.warrenFigures("directory-memory", namespace, .classic).memory ?? .infinity
    }

    /// What the directory of a namespace takes after a week, when each ping and each second add what they add now, and nothing
    /// is compacted.
    private static func week(_ programs: Programs, pings: Int, quiet: Int) throws -> Double {
        let namespace = fresh()
        let program = try programs.warren("pings", namespace, .classic, "--count", "\(pings)")
        try program.wait(for: "ready")
        let before = try programs.disk(of: namespace).bytes
        program.goOn()
        try program.wait(for: "pinged")
        let pinged = try programs.disk(of: namespace).bytes
        Thread.sleep(forTimeInterval: Double(quiet))
        let later = try programs.disk(of: namespace).bytes
        program.goOn()
        _ = try program.figures()
        try program.end()
        let seconds = 7.0 * 86_400
        let growth =
            Double(pinged - before) / Double(pings) * seconds * 100 / 10 + Double(later - pinged) / Double(quiet)
            * seconds
        return (Double(before) + growth) / Double(1 << 20)
    }
}

/// A namespace in which many agents were registered and terminated while a session compacted its directory.
final class GrownDirectory {
    private let dead: Int
    private let living: Int
    private let grace: Int
    private var namespace: String?

    init(dead: Int, living: Int, grace: Int) {
        self.dead = dead
        self.living = living
        self.grace = grace
    }

    /// Makes it once.
    func made(by programs: Programs) throws -> Self {
        guard namespace == nil else { return self }
        let new = Measurement.fresh()
        try compacted(programs, new) {
            let arguments = ["warren.\(new).agents", "\(living)", "10", "\(dead)"]
            _ = try programs.rawFigures("announce", arguments)
        }
        namespace = new
        return self
    }

    /// Seconds until a new session has found the living.
    func open(_ programs: Programs) throws -> Double {
        let program = try programs.warren("discover", namespace ?? "", .classic, "--grace", "\(grace)", "--count", "1")
        let figures = try program.figures()
        _ = try program.figures()
        try program.end()
        guard figures.count == 10 else {
            throw Running.Failure(description: "\(figures.count) were found instead of 10")
        }
        return figures.seconds ?? .infinity
    }

    /// The MiB that questions leave on the broker's disk.
    func ask(_ programs: Programs, _ count: Int) throws -> Double {
        let namespace = namespace ?? ""
        let before = try programs.disk(of: namespace).bytes
        try compacted(programs, namespace) {
            let arguments = ["--grace", "\(grace)", "--count", "\(count)"]
            _ = try programs.warrenFigures("questions", namespace, .classic, arguments)
        }
        let after = try programs.disk(of: namespace).bytes
        return max(0, Double(after - before) / Double(1 << 20))
    }

    /// Runs `body` while a session compacts, and waits until nothing is left to be compacted.
    private func compacted(_ programs: Programs, _ namespace: String, _ body: () throws -> Void) throws {
        let keeper = try programs.warren("keep", namespace, .classic, "--grace", "\(grace)")
        try keeper.wait(for: "ready")
        try body()
        let end = ContinuousClock.now + .seconds(1200)
        var quiet = 0
        while quiet < 10 {
            guard .now < end else { throw Running.Failure(description: "the directory was not compacted") }
            Thread.sleep(forTimeInterval: 1)
            let (bytes, hasCopy) = try programs.disk(of: namespace)
            quiet = hasCopy || bytes > 2 << 20 ? 0 : quiet + 1
        }
        try keeper.end()
    }
}

extension Programs {
    /// What the streams of a namespace take on the broker's disk, and whether one of them is a copy.
    ///
    /// - Parameter kind: The streams of the directory, or the one of subscriptions.
    func disk(of namespace: String, _ kind: String = "directory") throws -> (bytes: Int, hasCopy: Bool) {
        let keys: Set<URLResourceKey> = [.fileSizeKey, .isRegularFileKey]
        guard let data, let files = FileManager.default.enumerator(at: data, includingPropertiesForKeys: Array(keys))
        else { return (0, false) }
        var bytes = 0
        var hasCopy = false
        for case let file as URL in files {
            // The broker may write another sign for a dot.
            let path = file.path.replacing(".", with: "_")
            guard path.contains("\(namespace)_\(kind)") else { continue }
            if path.contains("\(namespace)_\(kind)_copy") { hasCopy = true }
            // It may be gone by now.
            bytes += (try? file.resourceValues(forKeys: keys).fileSize) ?? 0
        }
        return (bytes, hasCopy)
    }
}
