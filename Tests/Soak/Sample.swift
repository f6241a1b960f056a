import ExchangeTestKit

/// What both processes use at one moment.
struct Sample {
    let seconds: Int
    let own: ProcessFigures
    let broker: ProcessFigures
    let requests: Int

    static let heading = "seconds,requests,rss_mib,descriptors,threads,broker_rss_mib,broker_descriptors"

    var line: String {
        "\(seconds),\(requests),\(own.resident >> 20),\(own.descriptors),\(own.threads),"
            + "\(broker.resident >> 20),\(broker.descriptors)"
    }
}

extension [Sample] {
    /// The lowest figure of the samples.
    func lowest(_ figure: (Sample) -> Int) -> Int { map(figure).min() ?? 0 }

    /// The median of a figure over the samples.
    func median(_ figure: (Sample) -> Int) -> Int {
        let sorted = map(figure).sorted()
        return isEmpty ? 0 : sorted[count / 2]
    }
}
