extension PackageTemplate {
    var dockerfile: String {
        """
        # \(dockerBuild)
        FROM swift:6.3-bookworm AS build
        RUN apt-get update \\
            && apt-get install -y --no-install-recommends librabbitmq-dev pkg-config \\
            && rm -rf /var/lib/apt/lists/*
        \(checkout)WORKDIR /package
        COPY Package.swift ./
        COPY Sources Sources
        COPY Tests Tests
        RUN swift build -c release --product \(service) --static-swift-stdlib \\
            && cp "$(swift build -c release --show-bin-path)/\(service)" /\(service)

        # The same Debian as above: same C library, same librabbitmq.
        FROM debian:bookworm-slim
        RUN apt-get update \\
            && apt-get install -y --no-install-recommends ca-certificates librabbitmq4 \\
            && rm -rf /var/lib/apt/lists/* \\
            && useradd --system agent
        COPY --from=build /\(service) /usr/local/bin/\(service)
        USER agent
        ENTRYPOINT ["\(service)"]

        """
    }

    var unit: String {
        """
        [Unit]
        Description=The agent \(library)
        Wants=network-online.target
        After=network-online.target

        [Service]
        # WARREN_BROKER=amqps://user:password@host/vhost and WARREN_NAMESPACE; readable for root only.
        EnvironmentFile=/etc/\(library).env
        ExecStart=/usr/local/bin/\(service)
        Restart=always
        RestartSec=2
        # Longer than the agent's grace period.
        TimeoutStopSec=30
        DynamicUser=yes
        CapabilityBoundingSet=
        LockPersonality=yes
        MemoryDenyWriteExecute=yes
        NoNewPrivileges=yes
        PrivateDevices=yes
        ProtectClock=yes
        ProtectControlGroups=yes
        ProtectHome=yes
        ProtectKernelLogs=yes
        ProtectKernelModules=yes
        ProtectKernelTunables=yes
        ProtectSystem=strict
        RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
        RestrictNamespaces=yes
        RestrictRealtime=yes
        SystemCallArchitectures=native

        [Install]
        WantedBy=multi-user.target

        """
    }

    var readme: String {
        """
        # \(library)

        An agent of Warren: its interface and actions are in
        `Sources/\(library)`, its program in `Sources/\(service)`.

            swift test
            WARREN_BROKER=amqp://guest:guest@127.0.0.1:5672 swift run \(service)
            warren call \(library) greet '"Warren"'

        It needs Swift 6.3, `librabbitmq-dev` and `pkg-config`; the test needs no broker. The image is made by

            \(dockerBuild)

        For systemd copy the program to `/usr/local/bin`, `\(library).service` to `/etc/systemd/system`, and write the broker's URL to
        `/etc/\(library).env`.

        """
    }

    private var dockerBuild: String {
        let context = if case .folder(let path) = source { "--build-context 'warren=\(path)' " } else { "" }
        return "docker build \(context)-t \(library.lowercased()) ."
    }

    /// The steps that put the folder of Warren where the manifest names it.
    private var checkout: String {
        guard case .folder(let path) = source else { return "" }
        let folders = ["Sources", "Tests", "docs", "examples"].map {
            #"COPY --from=warren ["\#($0)", "\#(path)/\#($0)"]"#
        }
        return ([#"COPY --from=warren ["Package.swift", "\#(path)/"]"#] + folders).joined(separator: "\n") + "\n"
    }
}
