import ExchangeTestKit
import Foundation

/// Loads a private broker for a long time and looks at both processes meanwhile: memory and descriptors must stay flat.
///
///     soak [--minutes N] [--curve FILE] [--exchange rabbitmq|hybrid]
///
/// The first fifth of the time is not judged: caches fill. The exit status is 1 when anything failed or grew.
@main
enum Soak {
    static func main() async throws {
        let options = Options(CommandLine.arguments.dropFirst())
        let broker = try await PrivateBroker.start(.init(plugins: []))
        let load = Load(broker: broker, isHybrid: options.isHybrid)
        let work = Task { try await load.run() }
        let samples = try await watch(load, options)
        work.cancel()
        _ = try? await work.value
        if !options.curve.isEmpty {
            let text = ([Sample.heading] + samples.map(\.line)).joined(separator: "\n") + "\n"
            try text.write(toFile: options.curve, atomically: true, encoding: .utf8)
        }
        let isFlat = judge(samples, load.counts.value)
        await broker.stop()
        exit(isFlat ? 0 : 1)
    }

    private static func watch(_ load: Load, _ options: Options) async throws -> [Sample] {
        print(Sample.heading)
        var samples: [Sample] = []
        let start = ContinuousClock.now
        let end = start + .seconds(options.minutes * 60)
        while ContinuousClock.now < end {
            try await Task.sleep(for: min(options.interval, ContinuousClock.now.duration(to: end)))
            guard let own = ProcessFigures(), let process = await load.broker.vmProcessID,
                let broker = ProcessFigures(process: process)
            else { break }
            let sample = Sample(
                seconds: Int(start.duration(to: .now) / .seconds(1)),
                own: own,
                broker: broker,
                requests: load.counts.value.requests
            )
            print(sample.line)
            samples.append(sample)
        }
        return samples
    }

    /// Compares the first third of what is judged with the last one.
    private static func judge(_ samples: [Sample], _ counts: Load.Counts) -> Bool {
        let judged = Array(samples.dropFirst(samples.count / 5))
        let third = max(1, judged.count / 3)
        let (early, late) = (Array(judged.prefix(third)), Array(judged.suffix(third)))
        print(
            "\(counts.requests) requests, \(counts.registrations) registrations, \(counts.terminations) terminations, "
                + "\(counts.connections) connections, \(counts.failures.count) failures"
        )
        for failure in Set(counts.failures).prefix(10) { print("failure: \(failure)") }
        var isFlat = counts.failures.isEmpty
        func compare(_ name: String, slack: Int, _ first: Int, _ last: Int) {
            let holds = last - first <= max(slack, first / 5)
            print("\(name): \(first), then \(last)\(holds ? "" : ": grows")")
            isFlat = isFlat && holds
        }
        for (name, slack, figure) in [
            ("own memory (median, MiB)", 16, { (sample: Sample) in sample.own.resident >> 20 }),
            ("own descriptors (median)", 8, { $0.own.descriptors }),
            ("own threads (median)", 8, { $0.own.threads }),
            ("broker's descriptors (median)", 16, { $0.broker.descriptors }),
        ] {
            compare(name, slack: slack, early.median(figure), late.median(figure))
        }
        // Between two collections the broker's memory doubles and more: what it goes back to counts.
        let memory = { (sample: Sample) in sample.broker.resident >> 20 }
        compare("broker's memory (lowest, MiB)", slack: 128, early.lowest(memory), late.lowest(memory))
        return isFlat
    }
}
