import ArgumentParser
import RabbitMQExchange

/// A broker user and its role, as `NAME=ROLE`.
struct Grant: ExpressibleByArgument, Sendable {
    let user: String
    let role: RolePermissions.Role

    /// Placeholders for the users of a namespace: one for each role.
    static func placeholders(in namespace: String) -> [Grant] {
        RolePermissions.Role.allCases.map { Grant(user: "\(namespace)-\($0.rawValue)", role: $0) }
    }

    private init(user: String, role: RolePermissions.Role) {
        self.user = user
        self.role = role
    }

    /// - Parameter argument: A name, which may have `=` itself, then `=` and the role.
    init?(argument: String) {
        guard let place = argument.lastIndex(of: "="), place > argument.startIndex,
            let role = RolePermissions.Role(rawValue: String(argument[argument.index(after: place)...]))
        else { return nil }
        self.init(user: String(argument[..<place]), role: role)
    }
}
