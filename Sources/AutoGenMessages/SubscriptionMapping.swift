#if AutoGen
    package import AgentExchange
    package import AutoGenProtocol
    internal import SwiftProtobuf

    extension Subscription {
        /// Reads a subscription; `nil` without a rule.
        package init?(_ subscription: Agents_Subscription) {
            let id = subscription.id.isEmpty ? nil : subscription.id
            switch subscription.subscription {
            case .typeSubscription(let rule):
                self.init(.type(rule.topicType), agentType: rule.agentType, id: id)
            case .typePrefixSubscription(let rule):
                self.init(.prefix(rule.topicTypePrefix), agentType: rule.agentType, id: id)
            case nil: return nil
            }
        }
    }

    extension Agents_Subscription {
        package init(_ subscription: Subscription) {
            self.init()
            id = subscription.id
            switch subscription.rule {
            case .type(let type):
                typeSubscription = .with {
                    $0.topicType = type
                    $0.agentType = subscription.agentType
                }
            case .prefix(let prefix):
                typePrefixSubscription = .with {
                    $0.topicTypePrefix = prefix
                    $0.agentType = subscription.agentType
                }
            }
        }
    }
#endif
