// The storages are as much a part of this library as of `AgentExchange`, where all kinds of agent find them.
@_exported public import class AgentExchange.FileStateStorage
@_exported public import class AgentExchange.MemoryStateStorage
@_exported public import protocol AgentExchange.StateStorage
