import Foundation
import Testing

@testable import RabbitMQExchange

@Suite("The answers of a group's members to its termination")
struct MemberAnswersTests {
    @Test("A drain waits for each session that began to let go")
    func waits() {
        var answers = MemberAnswers()
        let sessions = (0..<3).map { GroupMembers(session: UUID(), name: nil, count: $0 + 1, held: 0) }
        #expect(!answers.isLettingGo)
        for session in sessions {
            let isTaken = answers.take(.lettingGo, session)
            #expect(isTaken)
        }
        #expect(answers.isLettingGo)
        for (index, session) in sessions.enumerated() {
            #expect(answers.isLettingGo)
            #expect(answers.released == [0, 1, 3][index])
            _ = answers.take(.released, session)
        }
        #expect(!answers.isLettingGo)
        #expect(answers.released == 6)
    }

    @Test("A session that is asked again, and one of an older version, are counted once")
    func repeated() {
        var answers = MemberAnswers()
        let session = GroupMembers(session: UUID(), name: "a", count: 4, held: 2)
        _ = answers.take(.lettingGo, session)
        _ = answers.take(.released, session)
        _ = answers.take(.lettingGo, GroupMembers(session: session.session, name: nil, count: 1, held: 0))
        #expect(!answers.isLettingGo)
        #expect(answers.released == 4)
        _ = answers.take(.lettingGo, nil)
        #expect(answers.isLettingGo)
        _ = answers.take(.released, nil)
        #expect(answers.released == 5)
        let isTaken = answers.take(.stoodBy, nil)
        #expect(!isTaken)
    }

    @Test("A description is read as it was written, and a strange one not at all")
    func fields() {
        let members = GroupMembers(session: UUID(), name: "till 7", count: 3, held: 12)
        #expect(GroupMembers(fields: members.fields) == members)
        var strange = members.fields
        strange["members"] = "0"
        #expect(GroupMembers(fields: strange) == nil)
        strange["members"] = "99999999999999999999"
        #expect(GroupMembers(fields: strange) == nil)
        strange["members"] = "9999999999"
        strange["held"] = "-1"
        #expect(GroupMembers(fields: strange)?.count == 1 << 20)
        #expect(GroupMembers(fields: strange)?.held == 0)
        #expect(GroupMembers(fields: [:]) == nil)
    }
}
