internal import Configuration
internal import EventLoop
internal import HTTPProtocol

/// What lets a session outlive one of its sides, or either; nothing where nobody asks for that.
struct Outliving {
    private(set) var continuity: Continuity?
    private(set) var resume: Resume?
    private(set) var parts: MessageParts?

    init() {}

    /// - Parameter account: of the client's connection.
    init(
        _ plan: UpgradePlan, _ accepted: AcceptedUpgrade, on backend: Backend, account: MemoryAccount,
        worker: SessionContext
    ) {
        guard plan.hasMore else { return }
        let rules = plan.resume == nil ? nil : plan.route.resume
        let resume = rules.map { Resume($0, plan: plan, accepted: accepted, worker: worker) }
        // What outlives the client's connection can't be on that one's account.
        let account = resume?.account ?? account
        guard plan.continuity != nil || resume != nil else { return }
        let parts = MessageParts(
            most: max(plan.continuity?.rules.maxMessage ?? 0, rules?.buffer ?? 0), on: account)
        continuity = plan.continuity.map {
            Continuity(
                $0, plan: plan, accepted: accepted, on: backend, parts: parts, account: account,
                worker: worker)
        }
        self.resume = resume
        self.parts = parts
    }
}
