/// The encryption of a connection and its trusted authorities. Files are in PEM format.
public struct TLSConfiguration: Sendable, Hashable {
    /// Authorities to trust; `nil` trusts the system's bundle.
    public var caFile: String?
    /// The client's certificate chain, for the EXTERNAL mechanism or a broker that demands one.
    public var certificateFile: String?
    /// The key of the client's certificate.
    public var keyFile: String?
    /// Whether the broker's certificate must be signed by a trusted authority.
    public var verifyPeer: Bool
    /// Whether the broker's certificate must name the host of the connection: a DNS name, or an IP address as such
    /// (`subjectAltName=IP:…`). Otherwise any holder of a certificate from a trusted authority can impersonate the
    /// broker.
    public var verifyHostname: Bool

    /// Creates a configuration that by default verifies everything.
    public init(
        caFile: String? = nil,
        certificateFile: String? = nil,
        keyFile: String? = nil,
        verifyPeer: Bool = true,
        verifyHostname: Bool = true
    ) {
        self.caFile = caFile
        self.certificateFile = certificateFile
        self.keyFile = keyFile
        self.verifyPeer = verifyPeer
        self.verifyHostname = verifyHostname
    }
}
