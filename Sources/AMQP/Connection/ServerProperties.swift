/// What the broker says about itself.
public struct ServerProperties: Sendable, Hashable {
    /// Such as `RabbitMQ`; empty before the connection is open.
    public let product: String
    /// Such as `3.10.8`.
    public let version: String
    /// Such as `rabbit@localhost`, the cluster this node belongs to.
    public let clusterName: String?
    /// Everything the broker sent.
    public let table: FieldTable

    init(_ table: FieldTable) {
        product = table["product"]?.stringValue ?? ""
        version = table["version"]?.stringValue ?? ""
        clusterName = table["cluster_name"]?.stringValue
        self.table = table
    }
}
