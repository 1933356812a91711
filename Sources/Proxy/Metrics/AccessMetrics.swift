internal import Telemetry

extension Metric {
    static let accessEndings = counter(
        "trunkline_access_endings_total", "Sessions closed because what let them in no longer holds.",
        labels: ["cause"])
    static let accessWarnings = counter(
        "trunkline_access_warnings_total", "Clients that were told that their token will expire.")
    static let accessRenewals = counter(
        "trunkline_access_renewals_total", "New tokens that came within sessions, by what became of them.",
        labels: ["outcome"])
    static let accessKeyFetches = counter(
        "trunkline_access_key_fetches_total", "Fetches of keys from upstreams.", labels: ["outcome"])
    static let sessionOrders = counter(
        "trunkline_session_orders_total", "Orders of operators about sessions, by what was ordered.",
        labels: ["order"])
    static let orderedMessages = counter(
        "trunkline_ordered_messages_total",
        "Messages of operators for sessions, by what became of them: missed ones found no place in time.",
        labels: ["outcome"])
    static let revocations = gauge("trunkline_revocations", "Revocations that count now.")

    static let countedKeys = gauge("trunkline_limit_keys", "Keys that limits.per has something counted for.")

    static let ofAccess = [
        accessEndings, accessWarnings, accessRenewals, accessKeyFetches, sessionOrders, orderedMessages,
        revocations, countedKeys,
    ]
}
