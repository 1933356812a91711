/// What remains for a client's connection when an exchange is over.
enum ExchangeEnd: Equatable {
    /// Answered in full; another request may follow.
    case next
    /// Answered in full; the connection ends in order.
    case last
    /// Not answered: this refusal is to be.
    case refuse(Fault)
    /// The answer broke off; only a broken connection says so.
    case broken(Fault)
}
