#if Macros
    import AgentMacros
    import Foundation
    import Testing

    @Suite("Interfaces have schemas")
    struct SchemaTests {
        @Test("An interface describes its actions, and those that it refines")
        func interface() throws {
            let shop = ShopInterface.schema
            #expect(shop.interface == "AgentMacrosTests.Shop")
            #expect(shop.summary == "Sells things to customers.")
            #expect(shop.actions.map(\.name) == ["sell", "close", "total", "in-stock", "repeat", "bills", "billsSent"])
            let sell = try #require(shop.action("sell"))
            #expect(sell.function == "sell(_:to:at:)")
            #expect(sell.summary == "Sells a thing.")
            #expect(sell.result == .unknown(title: "Bill"))
            let integer = JSONSchema.integer(minimum: .min, maximum: UInt64(Int64.max))
            #expect(
                sell.arguments
                    == .arguments([.init("thing", String.self), .init("to", String.self), .init("at", Int?.self)])
            )
            #expect(JSONSchema(of: Int?.self) == .optional(integer))
            #expect(shop.action("close")?.result == nil)
            #expect(shop.action("bills")?.isStreamed == true)
            #expect(
                shop.action("billsSent")?.arguments == .arguments([.init("to", String.self), .init("limit", Int.self)])
            )
            let grocery = GroceryInterface.schema
            #expect(grocery.refines == ["AgentMacrosTests.Shop"])
            #expect(grocery.actions.dropLast() == shop.actions[...])
            #expect(grocery.action("weigh")?.result == .choice(["light", "heavy"]))
        }

        @Test("Standard types are known, others have their name")
        func types() {
            #expect(JSONSchema(of: UInt8.self) == .integer(minimum: 0, maximum: 255))
            #expect(JSONSchema(of: UInt64.self) == .integer(minimum: 0, maximum: .max))
            #expect(JSONSchema(of: [String: [Bool]].self) == .dictionary(.array(.boolean)))
            #expect(JSONSchema(of: [UUID: Int].self) == .unknown(title: "Dictionary<UUID, Int>"))
            #expect(JSONSchema(of: Set<Date>.self) == .array(.number))
            #expect(JSONSchema(of: Data?.self) == .optional(.string()))
            #expect(JSONSchema(of: URL.self) == .string(format: "uri-reference"))
            #expect(JSONSchema(of: Bill.self) == .unknown(title: "Bill"))
        }

        @Test("A schema is JSON")
        func json() throws {
            let sell = try #require(ShopInterface.schema.action("sell"))
            let text = """
                {
                  "items" : false,
                  "minItems" : 3,
                  "prefixItems" : [
                    {
                      "description" : "thing",
                      "type" : "string"
                    },
                    {
                      "description" : "to",
                      "type" : "string"
                    },
                    {
                      "anyOf" : [
                        {
                          "maximum" : 9223372036854775807,
                          "minimum" : -9223372036854775808,
                          "type" : "integer"
                        },
                        {
                          "type" : "null"
                        }
                      ],
                      "description" : "at"
                    }
                  ],
                  "type" : "array"
                }
                """
            #expect(sell.arguments.json == text)
            let properties: [JSONSchema.Property] = [.init("name", String.self), .init("age", Int8?.self)]
            let object = try JSONSerialization.jsonObject(
                with: Data(JSONSchema.object(title: "Person", properties).json.utf8)
            )
            let members = try #require(object as? [String: Any])
            #expect(members["required"] as? [String] == ["name"])
            #expect(members["title"] as? String == "Person")
            #expect((members["properties"] as? [String: Any])?.keys.sorted() == ["age", "name"])
            let whole =
                try JSONSerialization.jsonObject(with: Data(GroceryInterface.schema.json.utf8)) as? [String: Any]
            #expect((whole?["actions"] as? [Any])?.count == 8)
            #expect(JSONSchema.arguments([]).json.contains("prefixItems") == false)
        }
    }
#endif
