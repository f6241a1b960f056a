import AMQP
import Testing

@Suite("Connection URLs")
struct ConnectionURLTests {
    @Test(
        "say where to connect",
        arguments: [
            ("amqp://", "localhost:5672", "/"),
            ("amqp://host", "host:5672", "/"),
            ("amqp://host/", "host:5672", "/"),
            ("AMQP://host/%2f", "host:5672", "/"),
            ("amqp://host/v%2Fh", "host:5672", "v/h"),
            ("amqp://host:10/my%20host", "host:10", "my host"),
            ("amqps://host", "host:5671", "/"),
            ("amqp+tls://host:1", "host:1", "/"),
            ("amqp+ssl://host", "host:5671", "/"),
            ("amqp+tcp://host", "host:5672", "/"),
            ("amqp://user@host", "host:5672", "/"),
            ("amqp://user:p%40ss@host:1/v", "host:1", "v"),
            ("amqp://:@host", "host:5672", "/"),
            ("amqp://[::1]", "[::1]:5672", "/"),
            ("amqp://u:p@[fe80::1]:99/v", "[fe80::1]:99", "v"),
            ("amqp://a,b:2,[::1]:3/v", "a:5672,b:2,[::1]:3", "v"),
            ("amqp://host?heartbeat=5", "host:5672", "/"),
        ]
    )
    func endpoints(url: String, endpoints: String, virtualHost: String) throws {
        let configuration = try ConnectionConfiguration(url: url)
        #expect(configuration.endpoints.map(\.description).joined(separator: ",") == endpoints)
        #expect(configuration.virtualHost == virtualHost)
    }

    @Test("take user, password and settings")
    func settings() throws {
        let url =
            "amqps://us%65r:p%3Aw%2F@h/v?heartbeat=7&connection_timeout=1500&frame_max=8192&name=me"
            + "&cacertfile=/ca.pem&certfile=/c.pem&keyfile=/k.pem&verify=verify_none&server_name_indication=h"
        let configuration = try ConnectionConfiguration(url: url)
        #expect(configuration.credentials == .plain(user: "user", password: "p:w/"))
        #expect(configuration.heartbeat == .seconds(7))
        #expect(configuration.connectTimeout == .milliseconds(1500))
        #expect(configuration.frameMax == 8192)
        #expect(configuration.name == "me")
        #expect(
            configuration.tls
                == TLSConfiguration(
                    caFile: "/ca.pem",
                    certificateFile: "/c.pem",
                    keyFile: "/k.pem",
                    verifyPeer: false,
                    verifyHostname: false
                )
        )
        #expect(try ConnectionConfiguration(url: "amqps://h?auth_mechanism=external").credentials == .external)
        #expect(
            try ConnectionConfiguration(url: "amqps://ann@h?auth_mechanism=external").credentials
                == .external(user: "ann")
        )
        #expect(
            try ConnectionConfiguration(url: "amqp://ann@h?password_file=/p").credentials
                == .plain(user: "ann", passwordFile: "/p")
        )
        let named = try ConnectionConfiguration(url: "amqps://h?verify_hostname=false")
        #expect(named.tls == TLSConfiguration(verifyHostname: false))
        #expect(try ConnectionConfiguration(url: "amqp://h").credentials == .plain(user: "guest", password: "guest"))
        #expect(try ConnectionConfiguration(url: "amqp://h").tls == nil)
    }

    @Test(
        "are refused when anything in them is wrong, and no text shows the password",
        arguments: [
            "", "host", "http://u:hunter2@h", "amqp:/u:hunter2@h", "amqp://u:hunter2@h:0", "amqp://u:hunter2@h:65536",
            "amqp://u:hunter2@h:x", "amqp://u:hunter2@h:+5", "amqp://u:hunter2@h/a/b", "amqp://u:hunter2@h#x",
            "amqp://u:hunter2%@h", "amqp://u:hunter2%zz@h", "amqp://u:hunter2%ff@h", "amqp://u:hunter2%00@h",
            "amqp://u:hunter2@x@h", "amqp://u:hunter2@[::1", "amqp://u:hunter2@[host]", "amqp://u:hunter2@[::1]x",
            "amqp://u:hunter2@a:b:c", "amqp://u:hunter2@h?unknown=1", "amqp://u:hunter2@h?heartbeat=x",
            "amqp://u:hunter2@h?heartbeat=-1", "amqp://u:hunter2@h?heartbeat=65536", "amqp://u:hunter2@h?heartbeat",
            "amqp://u:hunter2@h?heartbeat=1&heartbeat=2", "amqp://u:hunter2@h?frame_max=1",
            "amqp://u:hunter2@h?connection_timeout=0", "amqp://u:hunter2@h?verify=verify_peer",
            "amqp://u:hunter2@h?cacertfile=/x", "amqps://u:hunter2@h?verify=maybe",
            "amqps://u:hunter2@h?server_name_indication=other", "amqp://u:hunter2@h?password_file=/p",
            "amqp://h?password_file=/p", "amqps://u:hunter2@h?verify_hostname=maybe",
            "amqp://u:hunter2@h?auth_mechanism=external",
            "amqp://u:hunter2@h?auth_mechanism=hunter2", "amqp://u:hunter2@h?heartbeat=hunter2",
        ]
    )
    func refused(url: String) {
        let error = #expect(throws: AMQPError.self) { _ = try ConnectionConfiguration(url: url) }
        #expect(error?.code == .invalidURL)
        #expect(error.map { "\($0)".contains("hunter2") } == false)
    }

    @Test("name a query item that is unknown, unless it may be a part of the password")
    func unknownItem() throws {
        func message(_ url: String) -> String? {
            #expect(throws: AMQPError.self) { _ = try ConnectionConfiguration(url: url) }?.message
        }
        for url in ["amqp://h?heartbeet=5", "amqp://u:p@h:1/v?heartbeat=5&heartbeet=5"] {
            #expect(message(url)?.contains("the query item heartbeet is unknown") == true)
        }
        // Where the host was forgotten, a password with a question mark reads as a port and a query.
        let unclear = [
            "amqp://u:p?hunter2@h", "amqp://u:?hunter2", "amqp://u:12?hunter2", "amqp://h?hunter2%20x=1",
            "amqp://u:hunter2@h?hehunter2=1",
        ]
        for url in unclear { #expect(message(url)?.contains("hunter2") == false) }
    }

    @Test("tell what they say of the connection, also when it equals the default")
    func connectionItems() throws {
        let url = "amqp://u@h?heartbeat=20&frame_max=131072&password_file=/p"
        let items = try ConnectionConfiguration.connectionItems(ofURL: url)
        #expect(items == ["heartbeat": "20", "frame_max": "131072"])
        var copy = ConnectionConfiguration()
        try copy.apply(["heartbeat": "7", "frame_max": "4096", "password_file": "/p"])
        #expect(copy.heartbeat == .seconds(7) && copy.frameMax == 4096)
        #expect(copy.credentials == ConnectionConfiguration().credentials)
        #expect(throws: AMQPError.self) { try copy.apply(["heartbeat": "99999"]) }
    }

    @Test("leave no password in descriptions, dumps and mirrors")
    func redacted() throws {
        let configuration = try ConnectionConfiguration(url: "amqp://user:hunter2@host")
        var dumped = ""
        dump(configuration, to: &dumped)
        dump(configuration.credentials, to: &dumped)
        let texts = [
            "\(configuration)", String(reflecting: configuration), "\(configuration.credentials)",
            String(reflecting: configuration.credentials), dumped, "\(Optional(configuration) as Any)",
            "\(Mirror(reflecting: configuration).children.map { "\($0)" })",
        ]
        for text in texts { #expect(!text.contains("hunter2")) }
        #expect(configuration.credentials.user == "user")
    }
}
