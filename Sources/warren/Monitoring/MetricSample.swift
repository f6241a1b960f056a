/// A value of a metric with its labels.
struct MetricSample: Sendable {
    let metric: Metric
    /// The labels, in the order of the output.
    let labels: KeyValuePairs<String, String>
    let value: Double

    init(_ metric: Metric, _ value: Double, _ labels: KeyValuePairs<String, String>) {
        self.metric = metric
        self.value = value
        self.labels = labels
    }

    init(_ metric: Metric, _ value: Int, _ labels: KeyValuePairs<String, String>) {
        self.init(metric, Double(value), labels)
    }
}
