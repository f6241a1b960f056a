/// The broker's properties.
public struct ServerProperties: Sendable, Hashable {
    /// The product, such as `RabbitMQ`; empty before the connection is open.
    public let product: String
    /// The version, such as `3.10.8`.
    public let version: String
    /// The cluster of this node, such as `rabbit@localhost`.
    public let clusterName: String?
    /// All properties that the broker sent.
    public let table: FieldTable

    init(_ table: FieldTable) {
        product = table["product"]?.stringValue ?? ""
        version = table["version"]?.stringValue ?? ""
        clusterName = table["cluster_name"]?.stringValue
        self.table = table
    }
}
