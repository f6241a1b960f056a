// swift-tools-version: 6.3
import PackageDescription

// Exchanges as others write them, outside of Warren's package: only what is public can be used here.

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "outside",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "warren", path: "../..", traits: []),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    ],
    targets: [
        .target(
            name: "MemoryExchange",
            dependencies: [.product(name: "AgentExchange", package: "warren")],
            swiftSettings: settings
        ),
        .target(
            name: "CountingExchange",
            dependencies: [.product(name: "AgentExchange", package: "warren")],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "outside",
            dependencies: [
                "MemoryExchange", "CountingExchange",
                .product(name: "InProcessExchange", package: "warren"),
                .product(name: "ExchangeConformance", package: "warren"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
    ]
)
