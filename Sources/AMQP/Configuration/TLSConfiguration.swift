/// How to encrypt the connection and whom to trust. Files are in PEM format.
public struct TLSConfiguration: Sendable, Hashable {
    /// Authorities to trust; `nil` trusts the system's bundle.
    public var caFile: String?
    /// The client's certificate chain, for the EXTERNAL mechanism or a broker that demands one.
    public var certificateFile: String?
    /// The key of the client's certificate.
    public var keyFile: String?
    /// Whether the broker's certificate must be signed by a trusted authority.
    public var verifyPeer: Bool
    /// Whether the broker's certificate must name the host that is connected to: a DNS name, or an IP address as such
    /// (`subjectAltName=IP:…`). Without, whoever has any certificate of a trusted authority can be the broker.
    public var verifyHostname: Bool

    /// Creates a configuration that verifies everything unless said otherwise.
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
